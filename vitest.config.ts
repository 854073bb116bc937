import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { ClosingLine } from './src/testing/closing-line.ts'
import { LongFirst } from './src/testing/long-first.ts'

const mocked = ['src/**/*.mocked.test.ts']
const short = { testTimeout: 30_000, hookTimeout: 60_000 }
const whole = { testTimeout: 120_000, hookTimeout: 120_000 }

export default defineConfig({
  esbuild: { jsx: 'automatic', jsxImportSource: 'hono/jsx' },
  test: {
    globalSetup: ['src/testing/global-setup.ts'],
    sequence: { sequencer: LongFirst },
    reporters: ['default', new ClosingLine()],
    // What is waited for comes within a moment, but a busy machine has long moments.
    expect: { poll: { timeout: 10_000 } },
    // They wait for other processes a third of the time, so three files keep two cores busy.
    maxWorkers: Math.min(4, Math.max(3, availableParallelism())),
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['src/**/*.test.{ts,tsx}', 'views/**/*.test.tsx'],
          exclude: mocked,
          // They load much the same modules: once is enough.
          isolate: false,
          ...short,
        },
      },
      // What takes a module's place must not do so for other files.
      { extends: true, test: { name: 'mocked', include: mocked, ...short } },
      { extends: true, test: { name: 'whole', include: ['tests/**/*.test.{ts,tsx}'], ...whole } },
      { extends: true, test: { name: 'screenshots', include: ['tests/screenshots/*.shots.ts'], testTimeout: 600_000 } },
    ],
  },
})

import { defineConfig } from 'vitest/config'
import { ClosingLine } from './src/testing/closing-line.ts'

const whole = { testTimeout: 120_000, hookTimeout: 120_000 }

export default defineConfig({
  esbuild: { jsx: 'automatic', jsxImportSource: 'hono/jsx' },
  test: {
    globalSetup: ['src/testing/global-setup.ts'],
    reporters: ['default', new ClosingLine()],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['src/**/*.test.{ts,tsx}', 'views/**/*.test.tsx'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      { extends: true, test: { name: 'whole', include: ['tests/**/*.test.{ts,tsx}'], ...whole } },
      { extends: true, test: { name: 'screenshots', include: ['tests/screenshots/*.shots.ts'], testTimeout: 600_000 } },
    ],
  },
})

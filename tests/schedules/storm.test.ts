import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packageRoot } from '../../src/package-root.ts'
import { type TestDatabase, testDatabase } from '../../src/testing/database.ts'
import { provide } from '../../src/testing/provision.ts'
import { clockLibrary, scheduleStorm } from '../../src/testing/schedule-storm.ts'

let database: TestDatabase
let directory: string
let program: string

beforeAll(async () => {
  database = await testDatabase()
  directory = mkdtempSync(join(tmpdir(), 'keyward-storm-'))
  program = join(packageRoot(), 'node_modules/.cache', `schedule-process-${randomBytes(4).toString('hex')}.mjs`)
  await build({
    entryPoints: [join(packageRoot(), 'src/testing/schedule-process.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  })
})
afterAll(async () => {
  await database.close()
  rmSync(directory, { recursive: true, force: true })
  rmSync(program, { force: true })
})

test('R5 of scheduled runs in six processes that are killed and whose clocks jump, each makes exactly one version', async () => {
  provide('faketime')
  const report = await scheduleStorm({
    ...{ databaseUrl: database.url, program, directory, runs: 300, processes: 6, clockLibrary: clockLibrary() },
    ...{ dueSeconds: 20, killMilliseconds: 1000, importMilliseconds: 300, patienceSeconds: 240 },
  })
  expect(report).toMatchObject({ once: 300, lost: 0, doubled: 0, stuck: 0 })
  expect(report.kills).toBeGreaterThan(15)
  expect(report.takenUpAgain).toBeGreaterThan(0)
}, 300_000)

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleProgram } from '../../src/testing/bundle-program.ts'
import { type TestDatabase, testDatabase } from '../../src/testing/database.ts'
import { provide } from '../../src/testing/provision.ts'
import { clockLibrary, scheduleStorm } from '../../src/testing/schedule-storm.ts'

let database: TestDatabase
let directory: string
let program: string

beforeAll(async () => {
  database = await testDatabase()
  directory = mkdtempSync(join(tmpdir(), 'keyward-storm-'))
  program = await bundleProgram('src/testing/schedule-process.ts')
})
afterAll(async () => {
  await database.close()
  rmSync(directory, { recursive: true, force: true })
  rmSync(program, { force: true })
})

test('R5 of scheduled runs in six processes that are killed and whose clocks jump, each makes exactly one version', async () => {
  provide('faketime')
  const library = clockLibrary()
  if (library === undefined) process.stdout.write('Not tested here: clocks that jump. There is no libfaketime.\n')
  const report = await scheduleStorm({
    ...{ databaseUrl: database.url, program, directory, runs: 300, processes: 6, clockLibrary: library },
    ...{ dueSeconds: 20, killMilliseconds: 1000, importMilliseconds: 300, patienceSeconds: 240 },
  })
  expect(report).toMatchObject({ once: 300, lost: 0, doubled: 0, stuck: 0 })
  const { jumps, strayed } = report
  expect({ jumps, strayed }).toEqual(library === undefined ? { jumps: 0, strayed: 0 } : { jumps: some, strayed: some })
  expect(report.kills).toBeGreaterThan(15)
  expect(report.takenUpAgain).toBeGreaterThan(0)
}, 300_000)

const some = expect.toSatisfy((count: number) => count > 0)

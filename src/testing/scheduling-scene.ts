import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import type { Analysis } from '../analysis/analysis.ts'
import { schedules } from '../db/schema/schedules.ts'
import type { Setting } from '../schedules/schedules.ts'
import { type TestDomain, testDomain } from './domain.ts'
import {
  complete,
  daily,
  refreshable,
  runsOf,
  type SchedulingProcess,
  schedulingProcess,
  versionsOf,
  writeImports,
} from './scheduling.ts'

/** What the tests of schedules of a file share. It is there from the first hook after `schedulingScene` on. */
export type SchedulingScene = ReturnType<typeof schedulingScene>

/**
 * Gives the tests of a file one domain and one process with schedules, and each test a dataset of Ada's of its own, with a
 * connection and an account, whose imports work. `analysis` is what combines datasets.
 */
export function schedulingScene(options: { analysis?: () => Analysis } = {}) {
  let domain: TestDomain
  let directory: string
  let process: SchedulingProcess
  let analysis: Analysis | undefined
  let ids: Awaited<ReturnType<typeof refreshable>>
  let count = 0
  const another = () => refreshable(domain, ++count)

  beforeAll(async () => {
    domain = await testDomain()
    writeImports(domain)
    directory = mkdtempSync(join(tmpdir(), 'keyward-schedules-'))
    analysis = options.analysis?.()
    process = schedulingProcess(domain, directory, undefined, analysis)
  })
  afterAll(async () => {
    await process.close()
    await analysis?.close()
    await domain.close()
    rmSync(directory, { recursive: true })
  })
  beforeEach(async () => {
    domain.connector.next = complete
    domain.connector.jobs.length = 0
    ids = await another()
  })

  return {
    get domain() {
      return domain
    },
    get directory() {
      return directory
    },
    get process() {
      return process
    },
    get connectionId() {
      return ids.connectionId
    },
    get credentialId() {
      return ids.credentialId
    },
    get datasetId() {
      return ids.datasetId
    },
    /** Another dataset of Ada's, elsewhere, with an account there. */
    another,
    /** Sets a schedule of every day at noon, or as is said in place of it. */
    set: async (its: Partial<Setting> = {}) => {
      const setting = daily(ids.credentialId, its)
      expect(await process.schedules.set(domain.ada, ids.datasetId, setting, null)).toEqual({ ok: true })
    },
    /** Does once what is due. */
    once: () => process.runner.once(),
    runs: () => runsOf(domain, ids.datasetId),
    versions: () => versionsOf(domain, ids.datasetId),
    states: async () => (await runsOf(domain, ids.datasetId)).map(({ state }) => state),
    schedule: async () => {
      const [row] = await domain.db.select().from(schedules).where(eq(schedules.datasetId, ids.datasetId))
      if (row === undefined) throw new Error('The dataset has no schedule.')
      return row
    },
  }
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { scheduleRuns, schedules } from '../db/schema/schedules.ts'
import { refused, type TestDomain, testDomain } from '../testing/domain.ts'
import { fakeUse } from '../testing/fake-use.ts'
import {
  complete,
  daily,
  makeDue,
  refreshable,
  runsOf,
  type SchedulingProcess,
  schedulingProcess,
  versionsOf,
  writeImports,
} from '../testing/scheduling.ts'
import type { Setting } from './schedules.ts'

let domain: TestDomain
let directory: string
let process: SchedulingProcess
let credentialId: string
let datasetId: string
let count = 0

const unreachable = { ...refused, code: 'tcp.timeout', diagnosis: [] } as typeof refused

beforeAll(async () => {
  domain = await testDomain()
  writeImports(domain)
  directory = mkdtempSync(join(tmpdir(), 'keyward-schedules-'))
  process = schedulingProcess(domain, directory)
})
afterAll(async () => {
  await process.close()
  await domain.close()
  rmSync(directory, { recursive: true })
})
beforeEach(async () => {
  domain.connector.next = complete
  domain.connector.jobs.length = 0
  ;({ credentialId, datasetId } = await refreshable(domain, ++count))
})

const set = async (its: Partial<Setting> = {}) =>
  expect(await process.schedules.set(domain.ada, datasetId, daily(credentialId, its), null)).toEqual({ ok: true })
const once = () => process.runner.once()
const runs = () => runsOf(domain, datasetId)
const versions = () => versionsOf(domain, datasetId)
const states = async () => (await runs()).map(({ state }) => state)
const _schedule = async () =>
  (
    await domain.db.select().from(schedules).where(eq(schedules.datasetId, datasetId))
  )[0] as typeof schedules.$inferSelect

describe('A process that ends', () => {
  it('in order, gives its run back at once, and another one makes it', async () => {
    const use = fakeUse()
    const ending = schedulingProcess(domain, directory, { run: use.run as never })
    await set()
    await makeDue(domain, datasetId)
    const made = ending.runner.once()
    await vi.waitFor(async () => expect(await states()).toEqual(['running']), { timeout: 20_000 })
    await ending.close()
    await made
    expect(await states()).toEqual(['waiting'])
    await once()
    expect(await runs()).toMatchObject([{ state: 'completed', attempts: 2, versionNumber: 2 }])
    expect((await versions()).map(({ status }) => status)).toEqual(['failed', 'completed'])
  })

  it('without a word, loses its run to another one when its version was ended', async () => {
    await set()
    await makeDue(domain, datasetId)
    const use = fakeUse()
    const dying = schedulingProcess(domain, directory, { run: use.run as never })
    void dying.runner.once()
    await vi.waitFor(async () => expect(await states()).toEqual(['running']), { timeout: 20_000 })
    await dying.runner.stop()
    // As the sweep leaves it that finds no heartbeat.
    const [run] = await runs()
    await domain.db.execute(
      sql`update dataset_versions set status = 'failed', message = 'gone', finished_at = now() - interval '1 minute' where id = ${run?.versionId}`,
    )
    await vi.waitFor(
      async () => {
        await process.runner.clearUp()
        await once()
        expect(await runs()).toMatchObject([{ state: 'completed', attempts: 2 }])
      },
      { timeout: 20_000 },
    )
    use.release()
    await dying.close()
    expect((await versions()).map(({ status }) => status)).toEqual(['failed', 'completed'])
    expect(await states()).toEqual(['completed'])
  })

  it('after its version was complete, has it counted, and no other is made', async () => {
    await set()
    await makeDue(domain, datasetId)
    await once()
    const [run] = await runs()
    await domain.db
      .update(scheduleRuns)
      .set({ state: 'running' })
      .where(eq(scheduleRuns.id, run?.id ?? ''))
    await domain.db.execute(
      sql`update dataset_versions set finished_at = now() - interval '1 minute' where id = ${run?.versionId}`,
    )
    await process.runner.clearUp()
    await once()
    expect(await states()).toEqual(['completed'])
    expect(await versions()).toHaveLength(1)
  })

  it('with a job that nobody finds again, has it sent again', async () => {
    await set()
    await makeDue(domain, datasetId)
    domain.connector.next = unreachable
    await once()
    await domain.db.execute(sql`delete from jobs.job`)
    const its = eq(scheduleRuns.state, 'waiting')
    await domain.db
      .update(scheduleRuns)
      .set({ changedAt: new Date(Date.now() - 120_000) })
      .where(its)
    domain.connector.next = complete
    await process.runner.clearUp()
    await process.runner.clearUp()
    await once()
    expect(await states()).toEqual(['completed'])
    expect((await versions()).map(({ status }) => status)).toEqual(['failed', 'completed'])
  })
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { auditEntries } from '../db/schema/audit.ts'
import { connections } from '../db/schema/connections.ts'
import { associations } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import { schedules } from '../db/schema/schedules.ts'
import { type TestDomain, testDomain } from '../testing/domain.ts'
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
let connectionId: string
let credentialId: string
let datasetId: string
let count = 0

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
  ;({ connectionId, credentialId, datasetId } = await refreshable(domain, ++count))
})

const set = async (its: Partial<Setting> = {}) =>
  expect(await process.schedules.set(domain.ada, datasetId, daily(credentialId, its), null)).toEqual({ ok: true })
const once = () => process.runner.once()
const runs = () => runsOf(domain, datasetId)
const _versions = () => versionsOf(domain, datasetId)
const states = async () => (await runs()).map(({ state }) => state)
const schedule = async () =>
  (
    await domain.db.select().from(schedules).where(eq(schedules.datasetId, datasetId))
  )[0] as typeof schedules.$inferSelect

describe('A schedule whose way is barred', () => {
  const bars: readonly [string, RegExp, () => Promise<unknown>][] = [
    ['whose user is disabled', /was disabled.*enable it/, () => disableAda(new Date())],
    ['without the feature', /switched off for Ada/, () => feature(false)],
    [
      'whose association is removed',
      /no longer associated/,
      () => domain.db.delete(associations).where(eq(associations.credentialId, credentialId)),
    ],
    ['whose destination changed', /destination of Sales \d+ changed/, () => moveConnection()],
    [
      'whose credentials are deleted',
      /credentials it used were deleted/,
      () => domain.vault.delete(domain.ada, credentialId),
    ],
    [
      'whose connection is deleted',
      /connection of this dataset was deleted/,
      () => domain.connections.delete(domain.ada, connectionId, 'detach'),
    ],
  ]
  it.each(bars)('%s, is disabled with the reason and the next step, and sends nothing', async (_name, reason, bar) => {
    await set()
    await makeDue(domain, datasetId)
    await bar()
    try {
      await once()
      expect(await schedule()).toMatchObject({
        state: 'disabled',
        reason: expect.stringMatching(reason),
        stateBy: null,
      })
      expect(await runs()).toMatchObject([{ state: 'missed', reason: expect.stringMatching(reason) }])
      expect(domain.connector.jobs).toEqual([])
      const its = and(eq(auditEntries.action, 'dataset.disable-schedule'), eq(auditEntries.resourceId, datasetId))
      expect(await domain.db.$count(auditEntries, its)).toBe(1)
      await makeDue(domain, datasetId)
      await once()
      expect(await runs()).toHaveLength(1)
    } finally {
      await disableAda(null)
      await feature(true)
    }
  })

  it('goes on when it is resumed after the cause is gone, and not before', async () => {
    await set()
    await makeDue(domain, datasetId)
    await moveConnection()
    await once()
    const barred = await process.schedules.resume(domain.ada, datasetId)
    expect(barred).toEqual({ ok: false, reason: expect.stringContaining('Confirm the new destination') })
    await domain.vault.confirmDestination(domain.ada, credentialId, connectionId, await present())
    expect(await process.schedules.resume(domain.ada, datasetId)).toEqual({ ok: true })
    expect((await schedule()).state).toBe('active')
    await makeDue(domain, datasetId)
    await once()
    expect((await states()).at(-1)).toBe('completed')
  })
})

async function disableAda(at: Date | null): Promise<void> {
  await domain.db.update(users).set({ disabledAt: at }).where(eq(users.id, domain.ada.id))
}

async function feature(enabled: boolean): Promise<void> {
  await domain.features.change(domain.root, domain.ada.organizationId, 'stored_credentials', enabled)
}

async function moveConnection(): Promise<void> {
  const parameters = { host: 'elsewhere.example.com', port: '5432', database: 'sales', tls: 'verify-full' }
  await domain.db.update(connections).set({ parameters }).where(eq(connections.id, connectionId))
}

async function present(): Promise<string> {
  return (await domain.connectionQueries.show(domain.ada, connectionId)).destination
}

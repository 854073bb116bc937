import { and, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { auditEntries } from '../db/schema/audit.ts'
import { connections } from '../db/schema/connections.ts'
import { associations } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import { makeDue } from '../testing/scheduling.ts'
import { schedulingScene } from '../testing/scheduling-scene.ts'

const scene = schedulingScene()

describe('A schedule whose way is barred', () => {
  const bars: readonly [string, RegExp, () => Promise<unknown>][] = [
    ['whose user is disabled', /was disabled.*enable it/, () => disableAda(new Date())],
    ['without the feature', /switched off for Ada/, () => feature(false)],
    [
      'whose association is removed',
      /no longer associated/,
      () => scene.domain.db.delete(associations).where(eq(associations.credentialId, scene.credentialId)),
    ],
    ['whose destination changed', /destination of Sales \d+ changed/, () => moveConnection()],
    [
      'whose credentials are deleted',
      /credentials it used were deleted/,
      () => scene.domain.vault.delete(scene.domain.ada, scene.credentialId),
    ],
    [
      'whose connection is deleted',
      /connection of this dataset was deleted/,
      () => scene.domain.connections.delete(scene.domain.ada, scene.connectionId, 'detach'),
    ],
  ]
  it.each(bars)('%s, is disabled with the reason and the next step, and sends nothing', async (_name, reason, bar) => {
    await scene.set()
    await makeDue(scene.domain, scene.datasetId)
    await bar()
    try {
      await scene.once()
      expect(await scene.schedule()).toMatchObject({
        state: 'disabled',
        reason: expect.stringMatching(reason),
        stateBy: null,
      })
      expect(await scene.runs()).toMatchObject([{ state: 'missed', reason: expect.stringMatching(reason) }])
      expect(scene.domain.connector.jobs).toEqual([])
      const its = and(eq(auditEntries.action, 'dataset.disable-schedule'), eq(auditEntries.resourceId, scene.datasetId))
      expect(await scene.domain.db.$count(auditEntries, its)).toBe(1)
      await makeDue(scene.domain, scene.datasetId)
      await scene.once()
      expect(await scene.runs()).toHaveLength(1)
    } finally {
      await disableAda(null)
      await feature(true)
    }
  })

  it('goes on when it is resumed after the cause is gone, and not before', async () => {
    await scene.set()
    await makeDue(scene.domain, scene.datasetId)
    await moveConnection()
    await scene.once()
    const barred = await scene.process.schedules.resume(scene.domain.ada, scene.datasetId)
    expect(barred).toEqual({ ok: false, reason: expect.stringContaining('Confirm the new destination') })
    await scene.domain.vault.confirmDestination(
      scene.domain.ada,
      scene.credentialId,
      scene.connectionId,
      await present(),
    )
    expect(await scene.process.schedules.resume(scene.domain.ada, scene.datasetId)).toEqual({ ok: true })
    expect((await scene.schedule()).state).toBe('active')
    await makeDue(scene.domain, scene.datasetId)
    await scene.once()
    expect((await scene.states()).at(-1)).toBe('completed')
  })
})

async function disableAda(at: Date | null): Promise<void> {
  await scene.domain.db.update(users).set({ disabledAt: at }).where(eq(users.id, scene.domain.ada.id))
}

async function feature(enabled: boolean): Promise<void> {
  await scene.domain.features.change(scene.domain.root, scene.domain.ada.organizationId, 'stored_credentials', enabled)
}

async function moveConnection(): Promise<void> {
  const parameters = { host: 'elsewhere.example.com', port: '5432', database: 'sales', tls: 'verify-full' }
  await scene.domain.db.update(connections).set({ parameters }).where(eq(connections.id, scene.connectionId))
}

async function present(): Promise<string> {
  return (await scene.domain.connectionQueries.show(scene.domain.ada, scene.connectionId)).destination
}

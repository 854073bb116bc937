import { eq, sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { credentials } from '../db/schema/credentials.ts'
import { missedUses } from '../db/schema/missed-uses.ts'
import type { ConnectionUse } from '../sign-ins/use-connection.ts'
import { refused } from '../testing/domain.ts'
import { complete, hurryJobs, makeDue, schedulingProcess } from '../testing/scheduling.ts'
import { schedulingScene } from '../testing/scheduling-scene.ts'

const scene = schedulingScene()
type Credential = Partial<Record<'trialUntil' | 'pausedAt' | 'pausedCode', unknown>>

it('A run whose permit is over when it signs in, asks for another and is made', async () => {
  await runWhile({ trialUntil: null })
  expect(await scene.runs()).toMatchObject([{ state: 'completed', attempts: 1 }])
  expect(scene.domain.connector.jobs).toHaveLength(1)
})

it('A run whose account somebody else has when it signs in, is put off and made a minute later', async () => {
  await runWhile({ trialUntil: sql`now() + interval '1 minute'` })
  const said = expect.stringContaining('signed in with the same credentials')
  expect(await scene.runs()).toMatchObject([{ state: 'waiting', attempts: 1, code: null, reason: said }])
  expect(scene.domain.connector.jobs).toEqual([])
  await change({ trialUntil: null })
  await hurryJobs(scene.domain)
  await scene.once()
  expect(await scene.states()).toEqual(['completed'])
})

it('A run whose account was paused when it signs in, is missed and listed, and made up for after the pause', async () => {
  await runWhile({ pausedAt: sql`now()`, pausedCode: 'auth.refused', trialUntil: null })
  const said = expect.stringContaining('were paused')
  expect(await scene.runs()).toMatchObject([{ state: 'missed', attempts: 1, code: null, reason: said }])
  expect(scene.domain.connector.jobs).toEqual([])
  const its = eq(missedUses.credentialId, scene.credentialId)
  expect(await scene.domain.db.select().from(missedUses).where(its)).toMatchObject([{ because: 'paused', times: 1 }])
  await scene.domain.signIns.create(
    scene.domain.ada,
    scene.connectionId,
    { kind: 'stored', credentialId: scene.credentialId },
    'test',
  )
  await scene.once()
  expect(await scene.states()).toEqual(['completed'])
})

it('A run whose destination the egress rules refuse, fails at once', async () => {
  scene.domain.connector.next = { ...refused, code: 'policy.refused', diagnosis: [] } as typeof refused
  await scene.set()
  await makeDue(scene.domain, scene.datasetId)
  await scene.once()
  expect(await scene.runs()).toMatchObject([{ state: 'failed', code: 'policy.refused', attempts: 1 }])
  scene.domain.connector.next = complete
})

/** Makes what is due, while something becomes of its account between the permit and the sign-in, once. */
async function runWhile(changed: Credential): Promise<void> {
  let isChanged = false
  const run: ConnectionUse['run'] = async (...call) => {
    if (!isChanged) await change(changed)
    isChanged = true
    return scene.domain.use.run(...call)
  }
  const process = schedulingProcess(scene.domain, scene.directory, { run })
  await scene.set()
  await makeDue(scene.domain, scene.datasetId)
  await process.runner.once()
  await process.close()
}

async function change(changed: Credential): Promise<void> {
  await scene.domain.db
    .update(credentials)
    .set(changed as Partial<typeof credentials.$inferInsert>)
    .where(eq(credentials.id, scene.credentialId))
}

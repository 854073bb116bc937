import { eq, sql } from 'drizzle-orm'
import { expect, it, vi } from 'vitest'
import type { Database } from '../db/client.ts'
import { datasetVersions } from '../db/schema/catalog.ts'
import { hurryJobs, makeDue, schedulingProcess } from '../testing/scheduling.ts'
import { schedulingScene } from '../testing/scheduling-scene.ts'

// As if the database had been away for all of half a minute.
vi.mock('../catalog/persist.ts', () => ({ persist: <T>(write: () => Promise<T>) => write() }))

const scene = schedulingScene()

it('A run of which nobody could be told that its version was completed, is completed as its version says', async () => {
  await runWhere((db, ...its) => db.transaction(...its).then(lostIfCompleted))
  expect(await scene.runs()).toMatchObject([{ state: 'running', attempts: 1 }])
  await clearUpLater()
  expect(await scene.runs()).toMatchObject([{ state: 'completed', attempts: 1 }])
  expect((await scene.versions()).map(({ status }) => status)).toEqual(['completed'])
})

it('A run whose version could not be completed at all, is begun again once that was ended', async () => {
  await runWhere((db, work, config) =>
    db.transaction(async (tx) => lostIfCompleted(await work(tx)) as Awaited<ReturnType<typeof work>>, config),
  )
  expect(await scene.runs()).toMatchObject([{ state: 'running', attempts: 1 }])
  await scene.domain.db.execute(sql`update dataset_versions set heartbeat_at = now() - interval '31 seconds'
    where dataset_id = ${scene.datasetId} and status = 'running'`)
  await scene.process.catalog.sweep.once()
  await clearUpLater()
  await hurryJobs(scene.domain)
  await scene.once()
  expect(await scene.runs()).toMatchObject([{ state: 'completed', attempts: 2 }])
  expect((await scene.versions()).map(({ status }) => status)).toEqual(['failed', 'completed'])
})

type Transact = (db: Database, ...its: Parameters<Database['transaction']>) => Promise<unknown>

/** Makes what is due, where transactions of the catalog go so. */
async function runWhere(transact: Transact): Promise<void> {
  const { db } = scene.domain
  const transaction = (...its: Parameters<Database['transaction']>) => transact(db, ...its)
  const get = (target: Database, name: string | symbol) =>
    name === 'transaction' ? transaction : Reflect.get(target, name, target)
  const flaky = schedulingProcess({ ...scene.domain, db: new Proxy(db, { get }) }, scene.directory)
  await scene.set()
  await makeDue(scene.domain, scene.datasetId)
  await flaky.runner.once()
  await flaky.close()
}

function lostIfCompleted(outcome: unknown): unknown {
  if (outcome === 'completed') throw new Error('Connection terminated unexpectedly')
  return outcome
}

/** As the runner does ten seconds after a version has ended. */
async function clearUpLater(): Promise<void> {
  await scene.domain.db
    .update(datasetVersions)
    .set({ finishedAt: sql`now() - interval '1 minute'` })
    .where(eq(datasetVersions.datasetId, scene.datasetId))
  await scene.process.runner.clearUp()
}

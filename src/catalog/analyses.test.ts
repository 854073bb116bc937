import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '../db/new-id.ts'
import { analyses } from '../db/schema/analyses.ts'
import { datasetVersions } from '../db/schema/catalog.ts'
import { createLog } from '../log.ts'
import { type TestApp, testApp } from '../testing/app.ts'
import { type StoredDatasets, storedDatasets } from '../testing/stored-datasets.ts'
import type { AnalysisEnd } from './analysis-rows.ts'
import { createAnalysisRows } from './analysis-rows.ts'
import { createAnalysisRuns } from './analysis-runs.ts'

let app: TestApp
let data: StoredDatasets
let datasetId: string
let versionId: string

beforeAll(async () => {
  app = await testApp()
  data = await storedDatasets(app)
  datasetId = await data.add('orders', 'SELECT 1 AS id')
  const [version] = await app.db.select().from(datasetVersions).where(eq(datasetVersions.datasetId, datasetId))
  versionId = version?.id ?? ''
})
afterAll(async () => {
  await app.close()
  data.remove()
})

async function queued(kind: 'profile' | 'comparison' = 'profile'): Promise<string> {
  const id = newId()
  const { organizationId } = app.ada
  const row = {
    id,
    organizationId,
    datasetId,
    versionId,
    kind,
    subject: id,
    status: 'queued',
    createdBy: app.ada.id,
  } as const
  await app.db.insert(analyses).values(row)
  return id
}

async function rowOf(id: string) {
  const [row] = await app.db.select().from(analyses).where(eq(analyses.id, id))
  return row
}

describe('An analysis', () => {
  test('of a process that died, is ended as failed and can be begun again', async () => {
    const id = await queued()
    await app.db.update(analyses).set({ heartbeatAt: sql`now() - interval '31 seconds'` }).where(eq(analyses.id, id))
    await createAnalysisRows(app.db).tidy()
    expect(await rowOf(id)).toMatchObject({ status: 'failed', message: expect.stringMatching(/Compute it again\.$/) })
  })

  test('that is a comparison of long ago is removed, and a profile is kept', async () => {
    const [comparison, profile] = [await queued('comparison'), await queued('profile')]
    await app.db.update(analyses).set({
      ...{ status: 'completed', createdAt: sql`now() - interval '31 days'`, finishedAt: sql`now()` },
    })
    await createAnalysisRows(app.db).tidy()
    expect([await rowOf(comparison), (await rowOf(profile))?.status]).toEqual([undefined, 'completed'])
  })

  test('that another process cancelled, ends here with the next heartbeat', async () => {
    const runs = newRuns()
    const id = await queued()
    runs.start({ id, work: untilAborted })
    await expect.poll(async () => (await rowOf(id))?.status).toBe('running')
    await app.db.update(analyses).set({ cancelRequestedAt: sql`now()` }).where(eq(analyses.id, id))
    await runs.idle()
    expect(await rowOf(id)).toMatchObject({ status: 'cancelled' })
    await runs.close()
  })

  test('that runs when the process is stopped, is interrupted, and so is one that waits', async () => {
    const runs = newRuns()
    const ids = [await queued(), await queued(), await queued()]
    for (const id of ids) runs.start({ id, work: untilAborted })
    await expect.poll(async () => (await rowOf(ids[1] ?? ''))?.status).toBe('running')
    expect((await rowOf(ids[2] ?? ''))?.status).toBe('queued')
    await runs.close()
    for (const id of ids)
      expect(await rowOf(id)).toMatchObject({ status: 'failed', message: expect.stringMatching(/stopped/) })
  })

  test('is computed once for a version, whoever asks how often', async () => {
    const ask = () => app.computing.analyses.begin(app.ada, datasetId, { kind: 'profile', version: 1 })
    await Promise.all([ask(), ask(), ask()])
    await app.computing.idle()
    await ask()
    const rows = await app.db
      .select()
      .from(analyses)
      .where(eq(analyses.subject, `profile ${versionId}`))
    expect(rows).toMatchObject([{ status: 'completed' }])
  })
})

function newRuns() {
  return createAnalysisRuns({
    rows: createAnalysisRows(app.db),
    log: createLog({ level: 'silent' }),
    beatMilliseconds: 30,
  })
}

function untilAborted({ signal }: { readonly signal: AbortSignal }): Promise<AnalysisEnd> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve({ status: 'failed', message: 'It was aborted.' }))
  })
}

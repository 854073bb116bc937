import { eq, sql } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { scheduleRuns } from '../db/schema/schedules.ts'
import { refused } from '../testing/domain.ts'
import { fakeUse } from '../testing/fake-use.ts'
import { complete, makeDue, schedulingProcess } from '../testing/scheduling.ts'
import { schedulingScene } from '../testing/scheduling-scene.ts'

const scene = schedulingScene()
const unreachable = { ...refused, code: 'tcp.timeout', diagnosis: [] } as typeof refused

describe('A scene.process that ends', () => {
  it('in order, gives its run back at once, and another one makes it', async () => {
    const use = fakeUse()
    const ending = schedulingProcess(scene.domain, scene.directory, { run: use.run as never })
    await scene.set()
    await makeDue(scene.domain, scene.datasetId)
    const made = ending.runner.once()
    await vi.waitFor(async () => expect(await scene.states()).toEqual(['running']), { timeout: 20_000 })
    await ending.close()
    await made
    expect(await scene.states()).toEqual(['waiting'])
    await scene.once()
    expect(await scene.runs()).toMatchObject([{ state: 'completed', attempts: 2, versionNumber: 2 }])
    expect((await scene.versions()).map(({ status }) => status)).toEqual(['failed', 'completed'])
  })

  it('without a word, loses its run to another one when its version was ended', async () => {
    await scene.set()
    await makeDue(scene.domain, scene.datasetId)
    const use = fakeUse()
    const dying = schedulingProcess(scene.domain, scene.directory, { run: use.run as never })
    void dying.runner.once()
    await vi.waitFor(async () => expect(await scene.states()).toEqual(['running']), { timeout: 20_000 })
    await dying.runner.stop()
    // As the sweep leaves it that finds no heartbeat.
    const [run] = await scene.runs()
    await scene.domain.db.execute(
      sql`update dataset_versions set status = 'failed', message = 'gone', finished_at = now() - interval '1 minute' where id = ${run?.versionId}`,
    )
    await vi.waitFor(
      async () => {
        await scene.process.runner.clearUp()
        await scene.once()
        expect(await scene.runs()).toMatchObject([{ state: 'completed', attempts: 2 }])
      },
      { timeout: 20_000 },
    )
    use.release()
    await dying.close()
    expect((await scene.versions()).map(({ status }) => status)).toEqual(['failed', 'completed'])
    expect(await scene.states()).toEqual(['completed'])
  })

  it('after its version was complete, has it counted, and no other is made', async () => {
    await scene.set()
    await makeDue(scene.domain, scene.datasetId)
    await scene.once()
    const [run] = await scene.runs()
    await scene.domain.db
      .update(scheduleRuns)
      .set({ state: 'running' })
      .where(eq(scheduleRuns.id, run?.id ?? ''))
    await scene.domain.db.execute(
      sql`update dataset_versions set finished_at = now() - interval '1 minute' where id = ${run?.versionId}`,
    )
    await scene.process.runner.clearUp()
    await scene.once()
    expect(await scene.states()).toEqual(['completed'])
    expect(await scene.versions()).toHaveLength(1)
  })

  it('with a job that nobody finds again, has it sent again', async () => {
    await scene.set()
    await makeDue(scene.domain, scene.datasetId)
    scene.domain.connector.next = unreachable
    await scene.once()
    await scene.domain.db.execute(sql`delete from jobs.job`)
    const its = eq(scheduleRuns.state, 'waiting')
    await scene.domain.db
      .update(scheduleRuns)
      .set({ changedAt: new Date(Date.now() - 120_000) })
      .where(its)
    scene.domain.connector.next = complete
    await scene.process.runner.clearUp()
    await scene.process.runner.clearUp()
    await scene.once()
    expect(await scene.states()).toEqual(['completed'])
    expect((await scene.versions()).map(({ status }) => status)).toEqual(['failed', 'completed'])
  })
})

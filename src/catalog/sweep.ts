import type { Log } from '../log.ts'
import type { DatasetDeletion } from './deletion.ts'
import { removeEach } from './remove-each.ts'
import type { SnapshotStore } from './snapshot-store.ts'
import type { FileToRemove, VersionRows } from './version-rows.ts'

export type Sweep = ReturnType<typeof createSweep>

/** The store is gone through ten minutes after a start, and then four times a day. */
const firstOrphansMilliseconds = 600_000
const orphansMilliseconds = 6 * 3_600_000
/** What could not be removed makes way for the others until then. */
const asideMilliseconds = 600_000

/** Clears up after processes that died: at start, and from then on every `milliseconds` (15,000) in every process. */
export function createSweep(deps: {
  versions: VersionRows
  deletion: Pick<DatasetDeletion, 'eraseDue' | 'forgetErased'>
  store: SnapshotStore
  /** Removes what no row names, and says how much there was. */
  removeOrphans: () => Promise<number>
  log: Log
  milliseconds?: number
}) {
  const { versions, deletion, store, log } = deps
  let timer: NodeJS.Timeout | undefined
  let sweeping: Promise<void> = Promise.resolve()
  let orphansDueAt = Date.now() + firstOrphansMilliseconds
  /** Versions whose file could not be removed, and when that is tried again. */
  const aside = new Map<string, number>()

  async function once(): Promise<void> {
    const ended = await versions.endSilent()
    if (ended > 0) log.warn('snapshots of a process that died were ended', { versions: ended })
    await deletion.eraseDue()
    await removeFiles()
    await deletion.forgetErased()
  }

  async function removeFiles(): Promise<void> {
    // Of the process alone, and unmoved by its clock.
    const now = performance.now()
    for (const [versionId, until] of aside) if (until <= now) aside.delete(versionId)
    const files = await versions.filesToRemove([...aside.keys()])
    const remove = async ({ versionId, file }: FileToRemove) => {
      await store.remove(file)
      await versions.forgetFile(versionId)
    }
    await removeEach(files, remove, ({ versionId }, error) => {
      aside.set(versionId, now + asideMilliseconds)
      log.error('snapshot not removed', error, { version: versionId })
    })
  }

  async function orphans(): Promise<void> {
    if (Date.now() < orphansDueAt) return
    orphansDueAt = Date.now() + orphansMilliseconds
    const removed = await deps.removeOrphans()
    if (removed > 0) log.warn('files that no snapshot has were removed', { files: removed })
  }

  return {
    /**
     * Ends versions whose process has not been heard of for 30 seconds, erases datasets that were deleted 30 days ago and
     * removes files that nobody needs.
     */
    once,

    /** Sweeps now and from now on; what fails is logged and tried again. */
    start(): void {
      const tick = () => {
        sweeping = sweeping
          .then(once)
          .then(orphans)
          .catch((error: unknown) => log.error('snapshot sweep failed', error))
      }
      tick()
      timer = setInterval(tick, deps.milliseconds ?? 15_000)
      timer.unref()
    },

    /** Stops sweeping and resolves when a sweep that has begun is over. */
    async close(): Promise<void> {
      clearInterval(timer)
      await sweeping
    },
  }
}

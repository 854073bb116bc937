import { eq } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import { Refusal } from '../access/refusals.ts'
import type { Database } from '../db/client.ts'
import { datasetVersions } from '../db/schema/catalog.ts'
import type { Log } from '../log.ts'
import type { Analyses } from './analyses.ts'

/** Begins the profile of every version that is completed. */
export function createAfterSnapshots({ db, analyses, log }: { db: Database; analyses: Analyses; log: Log }) {
  const working = new Set<Promise<void>>()
  let closing = false

  async function follow(actor: UserActor, versionId: string): Promise<void> {
    try {
      const [version] = await db.select().from(datasetVersions).where(eq(datasetVersions.id, versionId))
      if (version === undefined) return
      await analyses.begin(actor, version.datasetId, { kind: 'profile', version: version.number }, true)
    } catch (error) {
      // Deleted meanwhile, or no longer theirs: then nobody misses it.
      if (!(error instanceof Refusal)) log.error('a new version could not be looked at', error, { version: versionId })
    }
  }

  return {
    /** Begins it for a version that was made for `actor`; returns at once. What goes wrong is logged. */
    completed({ actor, versionId }: { readonly actor: UserActor; readonly versionId: string }): void {
      if (closing) return
      const done = follow(actor, versionId).finally(() => working.delete(done))
      working.add(done)
    },

    /** Resolves when all of it has been begun. */
    async idle(): Promise<void> {
      while (working.size > 0) await Promise.all(working)
    },

    /** Begins nothing any more. */
    async close(): Promise<void> {
      closing = true
      await this.idle()
    },
  }
}

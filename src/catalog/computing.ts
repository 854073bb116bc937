import type { Guard } from '../access/guard.ts'
import type { Analysis } from '../analysis/analysis.ts'
import type { Database } from '../db/client.ts'
import type { Log } from '../log.ts'
import { createAfterSnapshots } from './after-snapshots.ts'
import { createAnalyses } from './analyses.ts'
import { createAnalysisRows } from './analysis-rows.ts'
import { createAnalysisRuns } from './analysis-runs.ts'
import type { Catalog } from './catalog.ts'
import { createCombine } from './combine.ts'
import type { DatasetKeys } from './dataset-keys.ts'
import { createLineage } from './lineage.ts'

export type Computing = ReturnType<typeof createComputing>

/** Returns the services that compute over stored versions, wired to the catalog's. */
export function createComputing(deps: {
  db: Database
  guard: Guard
  datasetKeys: DatasetKeys
  catalog: Pick<Catalog, 'store' | 'storage' | 'snapshots' | 'datasetQueries'>
  analysis: Analysis
  log: Log
  beatMilliseconds?: number
}) {
  const { db, guard, datasetKeys: keys, catalog, analysis, log, beatMilliseconds } = deps
  const { store, storage, snapshots, datasetQueries: queries } = catalog
  const rows = createAnalysisRows(db)
  const runs = createAnalysisRuns({ rows, log, ...(beatMilliseconds === undefined ? {} : { beatMilliseconds }) })
  const analyses = createAnalyses({ db, guard, queries, analysis, store, keys, rows, runs })
  const combine = createCombine({ db, guard, analysis, store, storage, keys, snapshots })
  const after = createAfterSnapshots({ db, analyses, log })
  let timer: NodeJS.Timeout | undefined
  let tidying: Promise<void> = Promise.resolve()

  return {
    analyses,
    analysisRuns: runs,
    combine,
    lineage: createLineage({ db, queries }),

    /** Has what every new version needs done from now on, and clears up after processes that died. */
    start(): void {
      snapshots.onCompleted(after.completed)
      const tidy = () => {
        tidying = tidying.then(rows.tidy).catch((error: unknown) => log.error('analyses not tidied', error))
      }
      tidy()
      timer = setInterval(tidy, 15_000)
      timer.unref()
    },

    /** Resolves when nothing that a new version needed is going on here. */
    async idle(): Promise<void> {
      await after.idle()
      await runs.idle()
    },

    /** Ends what is computed here. Call it before the catalog's: what is read belongs to that. */
    async close(): Promise<void> {
      clearInterval(timer)
      await tidying
      await after.close()
      await runs.close()
    },
  }
}

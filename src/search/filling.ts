import { eq, isNull } from 'drizzle-orm'
import type { Database, Transaction } from '../db/client.ts'
import { datasets } from '../db/schema/catalog.ts'
import { connections } from '../db/schema/connections.ts'
import { connectionSearch, datasetSearch } from '../db/schema/search.ts'
import { indexConnection, indexDataset } from './documents.ts'

/** So many are looked for at once. */
const batch = 200

export type Filling = ReturnType<typeof createFilling>

/**
 * Indexes what no search finds yet: what was stored by an earlier version. Any number of processes may; what two of them
 * come to is indexed twice, to the same effect.
 */
export function createFilling(db: Database) {
  async function fill(
    missing: () => Promise<readonly { readonly id: string }[]>,
    index: (tx: Transaction, id: string) => Promise<void>,
    signal: AbortSignal,
  ): Promise<number> {
    let count = 0
    for (let rows = await missing(); rows.length > 0; rows = await missing()) {
      for (const { id } of rows) {
        if (signal.aborted) return count
        await db.transaction((tx) => index(tx, id))
        count++
      }
    }
    return count
  }

  const missingDatasets = () =>
    db
      .select({ id: datasets.id })
      .from(datasets)
      .leftJoin(datasetSearch, eq(datasetSearch.datasetId, datasets.id))
      .where(isNull(datasetSearch.datasetId))
      .limit(batch)

  const missingConnections = () =>
    db
      .select({ id: connections.id })
      .from(connections)
      .leftJoin(connectionSearch, eq(connectionSearch.connectionId, connections.id))
      .where(isNull(connectionSearch.connectionId))
      .limit(batch)

  return {
    /** Indexes all that is missing and resolves with how many that was; ends early when the signal is aborted. */
    async once(signal: AbortSignal): Promise<number> {
      const first = await fill(missingConnections, indexConnection, signal)
      return first + (await fill(missingDatasets, indexDataset, signal))
    },
  }
}

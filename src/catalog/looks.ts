import type { UserActor } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import { NotFound } from '../access/refusals.ts'
import type { Outcome, Rows, Source } from '../connector/driver.ts'
import type { Account } from '../sign-ins/use-connection.ts'
import { wipeAccount } from './account-copies.ts'
import { createBrowsing } from './browse.ts'
import { type DatasetResource, findDataset } from './queries.ts'

export type DatasetLooks = ReturnType<typeof createDatasetLooks>

/** Reads the first rows of dynamic datasets from where they come from: each look signs in, and keeps nothing. */
export function createDatasetLooks(deps: { guard: Guard; use: Parameters<typeof createBrowsing>[0]['use'] }) {
  const { guard } = deps
  const browsing = createBrowsing(deps)
  return {
    /**
     * Returns the first 20 rows of a dynamic dataset. Takes the account over, which must be one that the actor may use
     * on its connection. Throws NotFound where it is not dynamic, or its connection is gone.
     */
    async look(actor: UserActor, id: string, account: Account, signal?: AbortSignal): Promise<Outcome<Rows>> {
      try {
        const { connectionId, source } = await guard.change<Seen, DatasetResource>(
          actor,
          'dataset.look',
          (tx) => findDataset(tx, id, 'share'),
          async (_effect, { row }) => {
            if (!row.isDynamic || row.connectionId === null) throw new NotFound()
            return { connectionId: row.connectionId, source: whole(row.source) }
          },
          { id },
        )
        const looking = { actor, connectionId, account, ...(signal === undefined ? {} : { signal }) }
        return await browsing.firstRows(looking, source)
      } finally {
        wipeAccount(account)
      }
    },
  }
}

type Seen = { readonly connectionId: string; readonly source: Source }

/** A look is at the first rows; a sample is what a snapshot takes. */
function whole(source: Source): Source {
  return source.kind === 'query' ? source : { kind: 'table', schema: source.schema, table: source.table }
}

import type { UserActor } from '../access/actor.ts'
import {
  mostListed,
  type Operation,
  type Operations,
  type Outcome,
  type Rows,
  type Source,
} from '../connector/driver.ts'
import type { Account, ConnectionUse } from '../sign-ins/use-connection.ts'
import { copyAccount } from './account-copies.ts'

/** Where to look, and as whom. The account stays usable: each call signs in with a copy. `signal` ends the look. */
export type Looking = {
  readonly actor: UserActor
  readonly connectionId: string
  readonly account: Account
  readonly signal?: AbortSignal
}

const previewRows = 20
const previewMilliseconds = 30_000

export type Browsing = ReturnType<typeof createBrowsing>

/** Looks into a data store before anything is made of it. Refusals by the target are outcomes. */
export function createBrowsing(deps: { use: Pick<ConnectionUse, 'run'> }) {
  function run<O extends Operation>(
    { actor, connectionId, account, signal }: Looking,
    operation: O,
    input: Operations[O]['input'],
    purpose: string,
  ): Promise<Outcome<Operations[O]['output']>> {
    const limits = operation === 'preview' ? { milliseconds: previewMilliseconds } : {}
    const request = { connectionId, account: copyAccount(account), operation, input, purpose, limits }
    return deps.use.run(actor, request, signal === undefined ? {} : { signal })
  }

  return {
    /** Returns the names of the schemas that the account sees, and whether there may be more. */
    async schemas(looking: Looking): Promise<Outcome<Operations['listSchemas']['output']>> {
      const outcome = await run(looking, 'listSchemas', {}, 'browse')
      return outcome.ok ? { ...outcome, value: withLimit(outcome.value, outcome.value.schemas) } : outcome
    },

    /** Returns the tables and views of a schema that the account may read, and whether there may be more. */
    async tables(looking: Looking, schema: string): Promise<Outcome<Operations['listTables']['output']>> {
      const outcome = await run(looking, 'listTables', { schema }, 'browse')
      return outcome.ok ? { ...outcome, value: withLimit(outcome.value, outcome.value.tables) } : outcome
    },

    /** Returns the first 20 rows of a query, run in a read-only transaction for at most 30 seconds. */
    preview(looking: Looking, query: string): Promise<Outcome<Rows>> {
      return run(looking, 'preview', { source: { kind: 'query', query }, rows: previewRows }, 'preview')
    },

    /** Returns the first 20 rows of a source, as a dynamic dataset shows them. */
    firstRows(looking: Looking, source: Source): Promise<Outcome<Rows>> {
      return run(looking, 'preview', { source, rows: previewRows }, 'preview of a dynamic dataset')
    },
  }
}

/** A list that is as long as one may be was cut, whoever cut it. */
function withLimit<T extends { readonly isPartial?: boolean }>(value: T, names: readonly unknown[]): T {
  return names.length < mostListed ? value : { ...value, isPartial: true }
}

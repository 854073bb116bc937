import type { Actor, UserActor } from '../access/actor.ts'
import { type Deployment, featureEnabled } from '../access/features.ts'
import type { Guard, Use } from '../access/guard.ts'
import { type ConnectionResource, findConnection } from '../connections/connections.ts'
import { destinationOf, UnknownDriver } from '../connections/destination.ts'
import type { AssociatedCredential, ConnectionQueries } from '../connections/queries.ts'
import type {
  Connector,
  Job,
  Limits,
  OpenedCredential,
  Operation,
  Operations,
  Outcome,
  Progress,
} from '../connector/driver.ts'
import type { TypedFields } from '../credentials/credential-type.ts'
import type { OpenOutcome, Vault } from '../credentials/vault.ts'
import type { Database } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import type { Secret } from '../secrets/secret.ts'
import { closedAccount } from './closed-account.ts'

/** How to sign in: with a stored account, one as an edit would leave it, or with what was typed, once. */
export type Account =
  | { readonly kind: 'stored'; readonly credentialId: string; readonly edited?: TypedFields }
  | { readonly kind: 'typed'; readonly type: string; readonly fields: Readonly<Record<string, Secret>> }

/** One use of a connection. `purpose` is what the ledger says it was for. */
export type ConnectionRequest<O extends Operation> = {
  readonly connectionId: string
  readonly account: Account
  readonly operation: O
  readonly input: Operations[O]['input']
  readonly purpose: string
  readonly runId?: string
  readonly limits?: Partial<Limits>
}

export type RunOptions = { readonly signal?: AbortSignal; readonly onProgress?: (progress: Progress) => void }

/** Stored accounts that an account picker offers, the default first. */
export type StoredAccount = AssociatedCredential

export type ConnectionUse = ReturnType<typeof createConnectionUse>

const standardLimits: Limits = { milliseconds: 10_000, heapMegabytes: 256, cellCharacters: 1_000 }

/** The one way to a data store: decides, records the use, opens the account and runs the operation on the connector. */
export function createConnectionUse(deps: {
  db: Database
  guard: Guard
  vault: Vault
  connector: Connector
  queries: ConnectionQueries
  deployment: Deployment
}) {
  const { db, guard, vault, connector, queries, deployment } = deps

  /** Records the use of typed credentials and resolves with the connection's row. */
  function recordTyped(actor: Actor, connectionId: string, use: Use) {
    return guard.change<ConnectionResource['row'], ConnectionResource>(
      actor,
      'connection.use',
      (tx) => findConnection(tx, connectionId, 'share'),
      async ({ note }, { row }) => {
        note({ account: 'typed' })
        return row
      },
      { id: connectionId, use },
    )
  }

  async function openAccount(actor: Actor, connectionId: string, account: Account, use: Use): Promise<OpenOutcome> {
    if (account.kind === 'stored') return vault.open(actor, account.credentialId, connectionId, use, account.edited)
    const connection = await recordTyped(actor, connectionId, use)
    return { ok: true, connection, credential: { type: account.type, fields: account.fields } }
  }

  return {
    /**
     * Runs one operation on a connection with an account. Refusals by the target, and accounts that stay closed, are
     * outcomes. Throws NotFound, Forbidden, FeatureOff, TooBusy, LedgerUnavailable. The account's secrets are wiped.
     */
    async run<O extends Operation>(
      actor: UserActor,
      request: ConnectionRequest<O>,
      options: RunOptions = {},
    ): Promise<Outcome<Operations[O]['output']>> {
      const use: Use = { purpose: request.purpose, runId: request.runId ?? newId() }
      const opened = await openAccount(actor, request.connectionId, request.account, use)
      if (!opened.ok) return closedAccount(opened.reason)
      const job = jobFor(opened.connection, opened.credential, request, use.runId)
      return connector.run(job, { userId: actor.id, ...options })
    },

    /** Returns the actor's stored accounts for a connection, the default first; none while the feature is off. */
    async accounts(actor: UserActor, connectionId: string): Promise<readonly StoredAccount[]> {
      if (!(await featureEnabled(db, deployment, actor, 'stored_credentials'))) return []
      return queries.associatedCredentials(actor, connectionId)
    },
  }
}

function jobFor<O extends Operation>(
  connection: ConnectionResource['row'],
  credential: OpenedCredential,
  request: ConnectionRequest<O>,
  runId: string,
): Job<O> {
  const destination = destinationOf(connection.driver, connection.parameters)
  if (destination === undefined) throw new UnknownDriver(connection.driver)
  return {
    driver: connection.driver,
    destination,
    parameters: connection.parameters,
    credential,
    operation: request.operation,
    input: request.input,
    limits: { ...standardLimits, ...request.limits },
    runId,
  }
}

import type { Actor, UserActor } from '../access/actor.ts'
import { type Deployment, featureEnabled } from '../access/features.ts'
import type { Guard, Use } from '../access/guard.ts'
import { refuseOtherTypes } from '../connections/accepted-types.ts'
import { type ConnectionResource, findConnection } from '../connections/connections.ts'
import { currentDestination, destinationOf, UnknownDriver } from '../connections/destination.ts'
import type { AssociatedCredential, ConnectionQueries } from '../connections/queries.ts'
import type { Connector, Job, Limits, OpenedCredential, Operation, Operations, Outcome } from '../connector/driver.ts'
import { missingLibrary } from '../connector/libraries.ts'
import { driver } from '../connector/registry.ts'
import { type Breaker, type Occasion, PermitOver, type Settled, type Turn } from '../credentials/breaker.ts'
import type { SharedAccounts } from '../credentials/shared-accounts.ts'
import type { OpenOutcome, Vault } from '../credentials/vault.ts'
import type { Database } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import type { Secret } from '../secrets/secret.ts'
import { type ClosedReason, closedAccount, withoutLibrary } from './closed-account.ts'
import { usernameIn, withoutUsername } from './lent-account.ts'

/** How to sign in: with a stored account, its pending `version` where that is being tried, or with what was typed, once. */
export type Account =
  | { readonly kind: 'stored'; readonly credentialId: string; readonly version?: number }
  | ({ readonly kind: 'typed' } & TypedAccount)

/** Credentials that a person typed. */
export type TypedAccount = {
  readonly type: string
  readonly fields: Readonly<Record<string, Secret>>
  /** Where they were typed for (canonical text); used later, they go nowhere else. Absent where they are used at once. */
  readonly destination?: string
}

/** One use of a connection. `purpose` is what the ledger says it was for. */
export type ConnectionRequest<O extends Operation> = {
  readonly connectionId: string
  readonly account: Account
  readonly operation: O
  readonly input: Operations[O]['input']
  readonly purpose: string
  /** Why it happens now; by hand unless told. */
  readonly occasion?: Occasion
  readonly runId?: string
  readonly limits?: Partial<Limits>
}

/** `signal` cancels the use; `background` is for what nobody waits for, see `Connector.run`. */
export type RunOptions = Omit<Parameters<Connector['run']>[1], 'userId'>

/** Stored accounts that an account picker offers, the default first. */
export type StoredAccount = AssociatedCredential

export type ConnectionUse = ReturnType<typeof createConnectionUse>

const standardLimits: Limits = { milliseconds: 10_000, heapMegabytes: 256, cellCharacters: 1_000 }

/** The one way to a data store: decides, records the use, opens the account and runs the operation on the connector. */
export function createConnectionUse(deps: {
  db: Database
  guard: Guard
  vault: Vault
  breaker: Breaker
  connector: Connector
  queries: ConnectionQueries
  shared: SharedAccounts
  deployment: Deployment
}) {
  const { db, guard, vault, breaker, connector, queries, shared, deployment } = deps

  /** Records the use of typed credentials; they stay unused where the connection leads elsewhere by now. */
  async function openTyped(actor: Actor, connectionId: string, account: TypedAccount, use: Use): Promise<Opened> {
    const found = await guard.change<ConnectionResource, ConnectionResource>(
      actor,
      'connection.use',
      (tx) => findConnection(tx, connectionId, 'share'),
      async ({ note, abandon }, connection) => {
        refuseOtherTypes(connection.row.driver, account.type)
        if (hasMoved(account, connection.row)) return abandon(connection)
        note({ account: 'typed' })
        return connection
      },
      { id: connectionId, use },
    )
    const { type, fields } = account
    if (!hasMoved(account, found.row)) {
      return { ok: true, connection: found.row, credential: { type, fields }, turn: null }
    }
    await guard.recordFailure(actor, 'connection.use', found, use, { account: 'typed', reason: 'destination changed' })
    return { ok: false, reason: 'moved' }
  }

  function openAccount(actor: Actor, request: ConnectionRequest<Operation>, use: Use): Promise<Opened> {
    const { account, connectionId, occasion } = request
    if (account.kind === 'typed') return openTyped(actor, connectionId, account, use)
    const { credentialId, version } = account
    return vault.open(actor, credentialId, connectionId, use, { version, occasion })
  }

  return {
    /**
     * Runs one operation on a connection with an account. Refusals by the target, and accounts that stay closed, are
     * outcomes. Throws NotFound, Forbidden, TypeNotAccepted, FeatureOff, TooBusy, LedgerUnavailable, and PermitOver where a
     * permit was its occasion. The account's secrets are wiped.
     */
    async run<O extends Operation>(
      actor: UserActor,
      request: ConnectionRequest<O>,
      options: RunOptions = {},
    ): Promise<Settled<Outcome<Operations[O]['output']>>> {
      const use: Use = { purpose: request.purpose, runId: request.runId ?? newId() }
      const { account } = request
      let fields = account.kind === 'typed' ? account.fields : {}
      try {
        const opened = await openAccount(actor, request, use)
        if (!opened.ok) return closed(opened.reason, request.occasion)
        fields = opened.credential.fields
        const known = driver(opened.connection.driver)
        const missing = known === undefined ? null : missingLibrary(known)
        if (known !== undefined && missing !== null) return withoutLibrary(known.label, missing)
        const job = jobFor(opened.connection, opened.credential, request, use.runId)
        // Read before it is run: by then the fields are wiped.
        const hidden = opened.lent ? usernameIn(opened.credential) : null
        return await breaker.during(opened.turn, async (letIn) => {
          const told = { userId: actor.id, ...options, ...telling(opened.turn, options, letIn) }
          return withoutUsername(await connector.run(job, told), hidden)
        })
      } finally {
        // Also where nothing was run.
        for (const secret of Object.values(fields)) secret.wipe()
      }
    },

    /**
     * Returns the stored accounts that the actor may use on a connection: their own, the default first, then those of
     * others that are shared with them. One of those is a default where it is the only account. None while the feature is off.
     */
    async accounts(actor: UserActor, connectionId: string): Promise<readonly StoredAccount[]> {
      if (!(await featureEnabled(db, deployment, actor, 'stored_credentials'))) return []
      const own = await queries.associatedCredentials(actor, connectionId)
      const ofOthers = await shared.usableOn(actor, connectionId)
      const [only] = ofOthers
      if (own.length === 0 && ofOthers.length === 1 && only !== undefined) return [{ ...only, isDefault: true }]
      return [...own, ...ofOthers]
    },
  }
}

/** That its permit is no longer good says nothing about an account, unlike everything else that keeps it closed. */
function closed(reason: ClosedReason, occasion: Occasion | undefined): Outcome<never> {
  const hasPermit = occasion !== undefined && typeof occasion !== 'string'
  if (hasPermit && (reason === 'paused' || reason === 'tried now')) throw new PermitOver()
  return closedAccount(reason)
}

type Opened = OpenOutcome | { readonly ok: false; readonly reason: 'moved' }

/** Of a trial, that it was let in is enough to know: others need not wait for its end. */
function telling(turn: Turn | null, { onLetIn }: RunOptions, letIn: () => Promise<void>): RunOptions {
  if (turn === null || !turn.paused) return {}
  // Where that cannot be written down now, the end of the use says it again.
  return {
    onLetIn: () =>
      void letIn()
        .catch(() => {})
        .then(() => onLetIn?.()),
  }
}

function hasMoved(account: TypedAccount, connection: ConnectionResource['row']): boolean {
  return account.destination !== undefined && account.destination !== currentDestination(connection)
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

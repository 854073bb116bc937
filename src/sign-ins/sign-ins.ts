import { and, desc, eq, type SQL } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import type { ShareRole } from '../access/policy.ts'
import { findConnection } from '../connections/connections.ts'
import type { AccountPrivileges } from '../connections/privileges.ts'
import type { ConnectionQueries } from '../connections/queries.ts'
import type { Diagnosis, DiagnosisCode, Operations, Outcome } from '../connector/driver.ts'
import type { Occasion } from '../credentials/breaker.ts'
import { usernameOf } from '../credentials/credential-type.ts'
import { learnExpiry } from '../credentials/expiry.ts'
import { findCredential } from '../credentials/find-credential.ts'
import { type Learned, learnedColumns } from '../credentials/learned.ts'
import { credentialType } from '../credentials/types/registry.ts'
import type { Database } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { connections, signIns } from '../db/schema/connections.ts'
import { associations, credentials } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import { withoutDetail } from './lent-account.ts'
import type { Account, ConnectionUse, RunOptions } from './use-connection.ts'

/** One climb of the ladder, as its page shows it. */
export type SignIn = {
  readonly id: string
  readonly connectionId: string
  /** Null where the credentials were typed and forgotten, or are somebody else's. */
  readonly credentialId: string | null
  /** What the actor may know of the account: of somebody else's only whose it was. */
  readonly accountName: string
  readonly userName: string
  readonly code: DiagnosisCode
  readonly diagnosis: Diagnosis
  readonly startedAt: Date
}

/** A sign-in with what its stored account may do there beyond reading, as far as that is known. */
export type ShownSignIn = SignIn & { readonly privileges: AccountPrivileges | null }

export type SignInOutcome = {
  readonly id: string
  readonly code: DiagnosisCode
  readonly diagnosis: Diagnosis
  /** Of a good sign-in. */
  readonly learned: Learned
  /** Whether it ended the pause of its account. */
  readonly resumed: boolean
}

/** `occasion` is why it happens now; by hand unless told. */
export type SignInOptions = RunOptions & { readonly occasion?: Occasion }

export type SignIns = ReturnType<typeof createSignIns>

/** The service that tries accounts on connections and remembers what came of it. */
export function createSignIns(deps: { db: Database; use: ConnectionUse; queries: ConnectionQueries }) {
  const { db, use, queries } = deps
  return {
    /**
     * Signs in and keeps the diagnosis, unless it was cancelled: that says nothing about the account. `purpose` is what
     * the ledger says; wipes the account's secrets.
     */
    async create(
      actor: UserActor,
      connectionId: string,
      account: Account,
      purpose: string,
      { occasion = 'by hand', ...options }: SignInOptions = {},
    ): Promise<SignInOutcome> {
      const startedAt = new Date()
      const { accountName, version } = await accountOf(db, account)
      const request = { connectionId, account, operation: 'signIn', input: {}, purpose, occasion } as const
      const outcome = await use.run(actor, request, options)
      const id = newId()
      const code = outcome.ok ? 'ok' : outcome.code
      const { diagnosis } = outcome
      const resumed = outcome.resumed === true
      if (code !== 'ok' && options.signal?.aborted) return { id, code, diagnosis, learned: {}, resumed }
      // A pending version that is only being tried says nothing about the account as it is stored.
      const credentialId = account.kind === 'stored' && account.version === undefined ? account.credentialId : null
      await keep(db, { id, actor, connectionId, credentialId, version, accountName, code, startedAt, outcome })
      return { id, code, diagnosis, learned: outcome.ok ? outcome.value : {}, resumed }
    },

    /** Records on the association that a just stored account has already proven itself, and what that told. */
    async credit(actor: UserActor, connectionId: string, credentialId: string, learned: Learned): Promise<void> {
      const bond = and(eq(associations.connectionId, connectionId), eq(associations.credentialId, credentialId))
      const its = and(bond, eq(associations.ownerId, actor.id))
      const at = new Date()
      const proven = { lastSignInAt: at, lastSignInCode: 'ok', ...learnedColumns(learned, at) }
      await db.transaction(async (tx) => {
        // The credential, then the connection, then their association, as everything does.
        const credential = await findCredential(tx, credentialId)
        const [bond] = await tx.update(associations).set(proven).where(its).returning()
        if (credential !== undefined && bond !== undefined) await learnExpiry(tx, credential.row)
      })
    },

    /** Returns one sign-in of a connection that the actor may see; undefined where there is none. */
    async show(actor: UserActor, connectionId: string, id: string): Promise<ShownSignIn | undefined> {
      const { role } = await queries.show(actor, connectionId)
      const its = and(eq(signIns.id, id), eq(signIns.connectionId, connectionId), seenBy(actor, role))
      const [row] = await select(db).where(its)
      if (row === undefined) return undefined
      const shown = shownTo(actor, row)
      const accounts = await queries.associatedCredentials(actor, connectionId)
      const account = accounts.find(({ credentialId }) => credentialId === shown.credentialId)
      return { ...shown, privileges: (shown.code === 'ok' && account?.privileges) || null }
    },

    /** Returns the last twenty sign-ins on a connection, the newest first: everybody's for its owners, else the actor's. */
    async recent(actor: UserActor, connectionId: string): Promise<readonly SignIn[]> {
      const { role } = await queries.show(actor, connectionId)
      const its = and(eq(signIns.connectionId, connectionId), seenBy(actor, role))
      const rows = await select(db).where(its).orderBy(desc(signIns.startedAt)).limit(20)
      return rows.map((row) => shownTo(actor, row))
    },
  }
}

function seenBy(actor: UserActor, role: ShareRole): SQL | undefined {
  return role === 'owner' ? undefined : eq(signIns.userId, actor.id)
}

function select(db: Database) {
  return db
    .select({ signIn: signIns, userName: users.name })
    .from(signIns)
    .leftJoin(users, eq(users.id, signIns.userId))
    .$dynamic()
}

/** What somebody else calls their account, or typed as its username, is theirs; servers repeat that to who signs in. */
function shownTo(actor: UserActor, row: { signIn: typeof signIns.$inferSelect; userName: string | null }): SignIn {
  const { userId, ...signIn } = row.signIn
  const shown = {
    ...signIn,
    userName: row.userName ?? 'someone',
    code: signIn.code as DiagnosisCode,
    diagnosis: signIn.diagnosis as Diagnosis,
  }
  if (userId === actor.id) return shown
  const accountName = `an account of ${shown.userName}`
  return { ...shown, credentialId: null, accountName, diagnosis: withoutDetail(shown.diagnosis) }
}

/**
 * The name a page calls the account by, and the present version of a stored one. A typed one goes by its username, which
 * is not a secret field.
 */
async function accountOf(db: Database, account: Account): Promise<{ accountName: string; version: number | null }> {
  if (account.kind === 'typed') {
    const type = credentialType(account.type)
    return { accountName: (type && usernameOf(type, account.fields)) ?? 'typed credentials', version: null }
  }
  const [row] = await db
    .select({ accountName: credentials.name, version: credentials.currentVersion })
    .from(credentials)
    .where(eq(credentials.id, account.credentialId))
  return row ?? { accountName: 'stored account', version: null }
}

type Kept = {
  readonly id: string
  readonly actor: UserActor
  readonly connectionId: string
  readonly credentialId: string | null
  /** The present one when it was opened or a moment before. */
  readonly version: number | null
  readonly accountName: string
  readonly code: DiagnosisCode
  readonly startedAt: Date
  readonly outcome: Outcome<Operations['signIn']['output']>
}

async function keep(db: Database, kept: Kept): Promise<void> {
  const { id, actor, connectionId, credentialId, accountName, code, startedAt, outcome } = kept
  await db.transaction(async (tx) => {
    // Only what a good sign-in tells changes the credential, which is then locked before the connection.
    const credential = outcome.ok && credentialId !== null ? await findCredential(tx, credentialId) : undefined
    // Deleted while the target was thinking: there is nothing left to remember it by.
    if ((await findConnection(tx, connectionId, 'update')) === undefined) return
    const outcomeOf = { lastSignInAt: startedAt, lastSignInCode: code }
    const { organizationId, id: userId } = actor
    const { diagnosis } = outcome
    await tx
      .insert(signIns)
      .values({ id, organizationId, connectionId, credentialId, userId, accountName, code, diagnosis, startedAt })
    await tx.update(connections).set(outcomeOf).where(eq(connections.id, connectionId))
    if (credentialId === null) return
    const bond = and(eq(associations.connectionId, connectionId), eq(associations.credentialId, credentialId))
    // What was told of a version that was replaced meanwhile says nothing about the present one.
    const isPresent = credential !== undefined && credential.row.currentVersion === kept.version
    const learned = outcome.ok && isPresent ? learnedColumns(outcome.value, startedAt) : {}
    await tx
      .update(associations)
      .set({ ...outcomeOf, ...learned })
      .where(bond)
    if (isPresent) await learnExpiry(tx, credential.row)
  })
}

import { createHash, randomBytes } from 'node:crypto'
import { and, eq, isNull, sql } from 'drizzle-orm'
import { type SystemActor, system, type UserActor } from '../access/actor.ts'
import { parseEmail } from '../access/email.ts'
import type { Guard } from '../access/guard.ts'
import type { Database, Transaction } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { features, organizations, setupTokens, users } from '../db/schema/organizations.ts'
import { parseName } from '../names.ts'
import type { Secret } from '../secrets/secret.ts'
import type { Passwords } from './passwords.ts'
import type { Origin } from './sign-in.ts'

/** What the first person decides. */
export type SetupInput = {
  readonly organization: string
  readonly name: string
  readonly email: string
  readonly password: Secret | undefined
  readonly storedCredentials: boolean
}

/** What is wrong, by field of `SetupInput`. */
export type SetupErrors = Partial<Record<keyof SetupInput, string>>

export type SetupOutcome =
  | { readonly kind: 'done'; readonly actor: UserActor }
  | { readonly kind: 'invalid'; readonly errors: SetupErrors }
  /** Another administrator exists already, or the address was used. */
  | { readonly kind: 'closed' }

/** What a one-time address is good for. */
export type TokenState = 'valid' | 'used' | 'unknown'

export type Setup = ReturnType<typeof createSetup>

/** The service behind the first run: no account exists until someone with the one-time address, or a shell, makes it. */
export function createSetup(deps: { db: Database; guard: Guard; passwords: Passwords }) {
  const { db, guard, passwords } = deps

  async function create(input: SetupInput, by: SystemActor, token: string | null): Promise<SetupOutcome> {
    const parsed = parse(input)
    const problem = await passwords.problem(input.password, [input.email, input.name, input.organization])
    const errors = { ...parsed.errors, ...(problem === null ? {} : { password: problem }) }
    if (Object.keys(errors).length > 0 || input.password === undefined) return { kind: 'invalid', errors }
    const passwordHash = await passwords.hash(input.password)
    const organizationId = newId()
    return guard.change<SetupOutcome, ReturnType<typeof organization>>(
      by,
      'organization.create',
      async () => organization(organizationId),
      async ({ tx, note, abandon }) => {
        if (!(await claim(tx, token))) return abandon<SetupOutcome>({ kind: 'closed' })
        const actor = await insert(tx, { ...parsed.values, organizationId, passwordHash }, by)
        await tx
          .insert(features)
          .values({ organizationId, feature: 'stored_credentials', enabled: input.storedCredentials })
        note({ userId: actor.id, storedCredentials: input.storedCredentials })
        return { kind: 'done', actor }
      },
    )
  }

  return {
    /** Reports whether an organization exists. */
    async isDone(): Promise<boolean> {
      const [row] = await db.select({ id: organizations.id }).from(organizations).limit(1)
      return row !== undefined
    },

    /**
     * Returns a new one-time token for the setup address (128 random bits, base64url) and voids those not used; null when
     * setup is done. The database holds its hash only.
     */
    newToken(): Promise<string | null> {
      const token = randomBytes(16).toString('base64url')
      return db.transaction(async (tx) => {
        if (!(await lockWhileEmpty(tx))) return null
        await tx.delete(setupTokens).where(isNull(setupTokens.usedAt))
        await tx.insert(setupTokens).values({ hash: hashSetupToken(token) })
        return token
      })
    },

    /** Returns what a one-time address is good for. */
    async tokenState(token: string): Promise<TokenState> {
      const [row] = await db
        .select()
        .from(setupTokens)
        .where(eq(setupTokens.hash, hashSetupToken(token)))
      if (row === undefined) return 'unknown'
      return row.usedAt === null ? 'valid' : 'used'
    },

    /** Makes organization, administrator and feature setting in one transaction, and uses the token up. */
    complete: (token: string, input: SetupInput, origin: Origin): Promise<SetupOutcome> =>
      create(input, { ...system, ...origin }, token),

    /** The same from a shell of the server, without a token. */
    completeLocally: (input: SetupInput): Promise<SetupOutcome> => create(input, system, null),
  }
}

function parse(input: SetupInput) {
  const organizationName = parseName(input.organization, 'Organization name')
  const name = parseName(input.name, 'Name')
  const email = parseEmail(input.email)
  const errors: SetupErrors = {
    ...(organizationName.ok ? {} : { organization: organizationName.error }),
    ...(name.ok ? {} : { name: name.error }),
    ...(email === undefined ? { email: 'Enter an e-mail address, such as ada@example.com.' } : {}),
  }
  const values = {
    organizationName: organizationName.ok ? organizationName.name : '',
    name: name.ok ? name.name : '',
    email: email ?? { email: '', key: '' },
  }
  return { errors, values }
}

/** Takes the right to set up, or returns false: done already, or the token is not good. Two at once: the second waits. */
async function claim(tx: Transaction, token: string | null): Promise<boolean> {
  if (!(await lockWhileEmpty(tx))) return false
  if (token === null) return true
  const used = await tx
    .update(setupTokens)
    .set({ usedAt: new Date() })
    .where(and(eq(setupTokens.hash, hashSetupToken(token)), isNull(setupTokens.usedAt)))
    .returning()
  return used.length === 1
}

async function lockWhileEmpty(tx: Transaction): Promise<boolean> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtext('keyward/setup'))`)
  const [existing] = await tx.select({ id: organizations.id }).from(organizations).limit(1)
  return existing === undefined
}

type NewAdministrator = ReturnType<typeof parse>['values'] & {
  readonly organizationId: string
  readonly passwordHash: string
}

async function insert(tx: Transaction, made: NewAdministrator, by: SystemActor): Promise<UserActor> {
  const { organizationId, organizationName, name, email, passwordHash } = made
  const id = newId()
  const role = 'administrator'
  await tx.insert(organizations).values({ id: organizationId, name: organizationName })
  await tx
    .insert(users)
    .values({ id, organizationId, name, email: email.email, emailKey: email.key, role, passwordHash })
  const { address, requestId } = by
  return { kind: 'user', id, organizationId, role, name, email: email.email, address, requestId }
}

function organization(id: string) {
  return { type: 'organization', id, organizationId: id, ownerId: null } as const
}

function hashSetupToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

import { and, asc, eq, isNull, ne, sql } from 'drizzle-orm'
import type { Database, Transaction } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { organizations, users } from '../db/schema/organizations.ts'
import { parseName } from '../names.ts'
import type { Secret } from '../secrets/secret.ts'
import type { Actor, UserActor } from './actor.ts'
import { emailKey, parseEmail } from './email.ts'
import type { Guard } from './guard.ts'
import type { Resource } from './policy.ts'

type Role = UserActor['role']

/** A person with an account, as lists show them. */
export type User = {
  readonly id: string
  readonly organizationId: string
  readonly email: string
  readonly name: string
  readonly role: Role
  readonly disabledAt: Date | null
  readonly createdAt: Date
}

export type NewUser = {
  readonly organizationId: string
  readonly email: string
  readonly name: string
  readonly role: Role
  readonly password: Secret | undefined
}

/** What is wrong with a new user, by field. */
export type UserErrors = { readonly email?: string; readonly name?: string; readonly password?: string }

export type CreateUserOutcome =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly errors: UserErrors }
export type ChangeUserOutcome = { readonly ok: true } | { readonly ok: false; readonly error: string }

type Dependencies = {
  readonly db: Database
  readonly guard: Guard
  readonly passwords: {
    problem(password: Secret | undefined, about: readonly string[]): Promise<string | null>
    hash(password: Secret): Promise<string>
  }
  readonly sessions: { endAll(tx: Transaction, userId: string, keepPublicId?: string): Promise<void> }
}

export type Users = ReturnType<typeof createUsers>

/** The service behind the Users page and `keyward user`. */
export function createUsers(deps: Dependencies) {
  const { db, guard, passwords, sessions } = deps

  /** Finds the user and locks the row until the change is done. */
  const locked = (id: string) => async (tx: Transaction) => {
    const [row] = await tx.select().from(users).where(eq(users.id, id)).for('update')
    return row === undefined ? undefined : resource(row)
  }

  /** One such change at a time in an organization: two administrators cannot disable each other. */
  const lockedWithOthers = (id: string) => async (tx: Transaction) => {
    await tx.execute(
      sql`select 1 from ${organizations} where id = (select organization_id from ${users} where id = ${id}) for update`,
    )
    return locked(id)(tx)
  }

  return {
    /** Adds a user. A taken e-mail, a bad name and a weak password are outcomes. */
    async create(actor: Actor, input: NewUser): Promise<CreateUserOutcome> {
      const of = { type: 'user', id: null, organizationId: input.organizationId, ownerId: null } as const
      // Before any work, so that nobody learns from errors what only administrators may ask.
      await guard.read(actor, 'user.create', of)
      const checked = await check(deps, input)
      if (!checked.ok) return checked
      const passwordHash = await passwords.hash(checked.password)
      return guard.change<CreateUserOutcome, Resource>(
        actor,
        'user.create',
        async () => of,
        async ({ tx, note, created, abandon }) => {
          const id = newId()
          const { email, emailKey: key, name } = checked
          const row = { id, email, emailKey: key, name, passwordHash }
          const made = await tx
            .insert(users)
            .values({ ...row, role: input.role, organizationId: input.organizationId })
            .onConflictDoNothing({ target: users.emailKey })
            .returning({ id: users.id })
          if (made.length === 0) return abandon<CreateUserOutcome>({ ok: false, errors: { email: taken } })
          created(id)
          note({ role: input.role })
          return { ok: true, id }
        },
      )
    },

    /** Returns everyone in an organization, by name. */
    async list(actor: Actor, organizationId: string): Promise<User[]> {
      await guard.read(actor, 'user.read', { type: 'user', id: null, organizationId, ownerId: null })
      return db
        .select(shown)
        .from(users)
        .where(eq(users.organizationId, organizationId))
        .orderBy(asc(users.name), users.id)
    },

    /** Returns the user with that e-mail, however it is spelled, or undefined. For the command line. */
    async find(actor: Actor, email: string): Promise<User | undefined> {
      const [row] = await db
        .select(shown)
        .from(users)
        .where(eq(users.emailKey, emailKey(email)))
      if (row !== undefined) await guard.read(actor, 'user.read', resource(row))
      return row
    },

    /** Disables an account and ends its sessions at once. The last administrator and oneself stay. */
    disable(actor: Actor, id: string): Promise<ChangeUserOutcome> {
      return guard.change<ChangeUserOutcome, Resource>(
        actor,
        'user.disable',
        lockedWithOthers(id),
        async ({ tx, abandon }, user) => {
          const problem = actor.id === id ? 'You cannot disable yourself.' : await lastOne(tx, user)
          if (problem !== null) return abandon<ChangeUserOutcome>({ ok: false, error: problem })
          await tx.update(users).set({ disabledAt: new Date(), revision: next }).where(eq(users.id, id))
          await sessions.endAll(tx, id)
          return { ok: true }
        },
        { id },
      )
    },

    /** Lets a disabled user sign in again. */
    async enable(actor: Actor, id: string): Promise<void> {
      const enabled = { disabledAt: null, revision: next }
      await guard.change(
        actor,
        'user.enable',
        locked(id),
        ({ tx }) => tx.update(users).set(enabled).where(eq(users.id, id)),
        { id },
      )
    },

    /** Gives someone another password and ends all their sessions. */
    async setPassword(actor: Actor, id: string, password: Secret | undefined): Promise<ChangeUserOutcome> {
      const [row] = await db.select().from(users).where(eq(users.id, id))
      await guard.read(actor, 'user.set-password', row === undefined ? undefined : resource(row))
      return change(actor, 'user.set-password', id, password, [row?.email ?? '', row?.name ?? ''])
    },

    /** Changes the actor's own password, which they have just proven, and ends all their sessions but this one. */
    changeOwnPassword(
      actor: UserActor,
      keepPublicId: string,
      password: Secret | undefined,
    ): Promise<ChangeUserOutcome> {
      return change(actor, 'user.change-own-password', actor.id, password, [actor.email, actor.name], keepPublicId)
    },
  }

  async function change(
    actor: Actor,
    action: 'user.set-password' | 'user.change-own-password',
    id: string,
    password: Secret | undefined,
    about: readonly string[],
    keepPublicId?: string,
  ): Promise<ChangeUserOutcome> {
    const problem = await passwords.problem(password, about)
    if (problem !== null || password === undefined) return { ok: false, error: problem ?? 'Enter a password.' }
    const passwordHash = await passwords.hash(password)
    return guard.change<ChangeUserOutcome, Resource>(
      actor,
      action,
      locked(id),
      async ({ tx }) => {
        await tx.update(users).set({ passwordHash, revision: next }).where(eq(users.id, id))
        await sessions.endAll(tx, id, keepPublicId)
        return { ok: true }
      },
      { id },
    )
  }
}

const taken = 'Someone has this e-mail address already. Enter another one.'
const next = sql`${users.revision} + 1`

const shown = {
  id: users.id,
  organizationId: users.organizationId,
  email: users.email,
  name: users.name,
  role: users.role,
  disabledAt: users.disabledAt,
  createdAt: users.createdAt,
}

function resource(row: { readonly id: string; readonly organizationId: string }): Resource {
  return { type: 'user', id: row.id, organizationId: row.organizationId, ownerId: row.id }
}

type Checked =
  | {
      readonly ok: true
      readonly email: string
      readonly emailKey: string
      readonly name: string
      readonly password: Secret
    }
  | { readonly ok: false; readonly errors: UserErrors }

async function check(deps: Dependencies, input: NewUser): Promise<Checked> {
  const email = parseEmail(input.email)
  const name = parseName(input.name, 'Name')
  const problem = await deps.passwords.problem(input.password, [input.email, input.name])
  if (email !== undefined && name.ok && problem === null && input.password !== undefined) {
    return { ok: true, email: email.email, emailKey: email.key, name: name.name, password: input.password }
  }
  const errors: UserErrors = {
    ...(email === undefined ? { email: 'Enter an e-mail address, such as ada@example.com.' } : {}),
    ...(name.ok ? {} : { name: name.error }),
    ...(problem === null ? {} : { password: problem }),
  }
  return { ok: false, errors }
}

/** Says why a user may not be disabled: the organization would have no administrator who can sign in. */
async function lastOne(tx: Transaction, user: Resource): Promise<string | null> {
  const others = await tx
    .select({ id: users.id })
    .from(users)
    .where(
      and(
        eq(users.organizationId, user.organizationId),
        eq(users.role, 'administrator'),
        isNull(users.disabledAt),
        ne(users.id, user.id ?? ''),
      ),
    )
    .limit(1)
  if (others.length > 0) return null
  return 'This is the last administrator who can sign in. Make another one first.'
}

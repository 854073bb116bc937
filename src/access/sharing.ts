import type { Database, Transaction } from '../db/client.ts'
import type { Actor, UserActor } from './actor.ts'
import type { Effect, Guard } from './guard.ts'
import { findColleague, firstPerson, noColleague, type Person } from './people.ts'
import { isAtLeast, type Resource, roleOn, type ShareRole, shareRoles } from './policy.ts'
import { Forbidden, NotFound } from './refusals.ts'

/** What came of sharing; `field` is the one of the form that the sentence is about. */
export type ShareOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly field: 'email' | 'role' | null; readonly error: string }

/** One share as it is made. */
export type NewShare = {
  /** Of the thing. */
  readonly id: string
  readonly organizationId: string
  readonly userId: string
  readonly role: ShareRole
  /** Who shares. */
  readonly createdBy: string
}

/** Who loses a share, and who takes it. */
export type Ending = { readonly userId: string; readonly byId: string | null }

type Owned = Resource & { readonly row: { readonly ownerId: string } }

/** What is shared with roles, and the table that says with whom. */
export type SharedKind<R extends Owned> = {
  readonly type: 'connection' | 'dataset'
  find(tx: Transaction, id: string, lock: 'update' | 'share'): Promise<R | undefined>
  /** Adds a share; false where that person has one. */
  add(tx: Transaction, share: NewShare): Promise<boolean>
  setRole(tx: Transaction, id: string, userId: string, role: ShareRole): Promise<void>
  /** Removes a share and returns its role; undefined where there was none. */
  remove(tx: Transaction, id: string, userId: string): Promise<ShareRole | undefined>
  /** Returns whom it is shared with, by name. */
  others(db: Database, id: string): Promise<readonly SharedPerson[]>
  /** Brings up to date what is kept about whom it is shared with. */
  changed(tx: Transaction, id: string): Promise<void>
  /** Tells the person. */
  tell(tx: Transaction, share: NewShare): Promise<void>
  /** Why whose it was from the beginning neither loses it nor gets another role. */
  readonly staysOwner: string
}

/** A row of `others`. */
export type SharedPerson = Omit<Person, 'isFirst' | 'disabled'> & { readonly disabledAt: Date | null }

export type RoleSharing = ReturnType<typeof createRoleSharing>

/** The service that shares things of one kind with users of the organization, each in a role. */
export function createRoleSharing<R extends Owned>(deps: { db: Database; guard: Guard }, kind: SharedKind<R>) {
  const { db, guard } = deps
  const staysOwner: ShareOutcome = { ok: false, field: null, error: kind.staysOwner }

  /** Nobody needs a permission to give up their own. */
  function removal(actor: Actor, userId: string) {
    return actor.id === userId ? (`${kind.type}.leave` as const) : (`${kind.type}.unshare` as const)
  }

  async function peopleOf(id: string, ownerId: string): Promise<readonly Person[]> {
    const others = await kind.others(db, id)
    return [
      await firstPerson(db, ownerId),
      ...others.map(({ disabledAt, ...rest }) => ({ ...rest, isFirst: false, disabled: disabledAt !== null })),
    ]
  }

  async function readable(actor: Actor, action: ReturnType<typeof removal> | `${typeof kind.type}.read`, id: string) {
    const resource = await db.transaction((tx) => kind.find(tx, id, 'share'))
    await guard.read(actor, action, resource)
    return peopleOf(id, (resource as R).row.ownerId)
  }

  return {
    /** Returns who may work with it: whose it was from the beginning, then the others by name. */
    people(actor: Actor, id: string): Promise<readonly Person[]> {
      return readable(actor, `${kind.type}.read`, id)
    },

    /** Returns someone who can be removed: another person, or the actor, who may leave. */
    async removable(actor: Actor, id: string, userId: string): Promise<Person> {
      const person = (await readable(actor, removal(actor, userId), id)).find((one) => one.userId === userId)
      if (person === undefined || person.isFirst) throw new NotFound()
      return person
    },

    /** Shares with the user who has this e-mail address; at most the actor's own role. */
    share(actor: UserActor, id: string, email: string, role: string): Promise<ShareOutcome> {
      return guard.change<ShareOutcome, R>(
        actor,
        `${kind.type}.share`,
        (tx) => kind.find(tx, id, 'update'),
        async ({ tx, note, abandon }, resource) => {
          const granted = parseShareRole(role)
          if (granted === undefined) return abandon(noRole)
          refuseAbove(actor, resource, granted)
          const { organizationId, row } = resource
          const user = await findColleague(tx, organizationId, email)
          if (user === undefined) return abandon(noUser)
          const share = { id, organizationId, userId: user.id, role: granted, createdBy: actor.id }
          if (user.id === row.ownerId || !(await kind.add(tx, share))) return abandon(alreadyThere(user.name))
          note({ userId: user.id, role: granted })
          await kind.changed(tx, id)
          await kind.tell(tx, share)
          return { ok: true }
        },
        { id },
      )
    },

    /** Changes the role of someone it is shared with; at most to the actor's own. */
    changeRole(actor: Actor, id: string, userId: string, role: string): Promise<ShareOutcome> {
      return guard.change<ShareOutcome, R>(
        actor,
        `${kind.type}.share`,
        (tx) => kind.find(tx, id, 'update'),
        async ({ tx, note, abandon }, resource) => {
          const granted = parseShareRole(role)
          if (granted === undefined) return abandon(noRole)
          refuseAbove(actor, resource, granted)
          if (userId === resource.row.ownerId) return abandon(staysOwner)
          const previous = resource.shares?.[userId]
          if (previous === undefined) throw new NotFound()
          await kind.setRole(tx, id, userId, granted)
          note({ userId, role: granted, previousRole: previous })
          return { ok: true }
        },
        { id },
      )
    },

    /** Takes it from someone, or lets the actor leave it. `endUse` ends in the same transaction what they do with it. */
    remove(
      actor: Actor,
      id: string,
      userId: string,
      endUse: (effect: Effect, ending: Ending) => Promise<void>,
    ): Promise<ShareOutcome> {
      return guard.change<ShareOutcome, R>(
        actor,
        removal(actor, userId),
        (tx) => kind.find(tx, id, 'update'),
        async (effect, resource) => {
          if (userId === resource.row.ownerId) return effect.abandon(staysOwner)
          const role = await kind.remove(effect.tx, id, userId)
          if (role === undefined) throw new NotFound()
          await kind.changed(effect.tx, id)
          await endUse(effect, { userId, byId: actor.id })
          effect.note({ userId, role })
          return { ok: true }
        },
        { id },
      )
    },
  }
}

/** Returns the role that a form named, undefined for any other text. */
function parseShareRole(text: string): ShareRole | undefined {
  return shareRoles.find((role) => role === text)
}

/** Owners alone share, so today this refuses nobody; it holds whoever the policy will let share. Throws Forbidden. */
function refuseAbove(actor: Actor, resource: Resource, granted: ShareRole): void {
  const own = roleOn(actor, resource)
  if (own === null || !isAtLeast(own, granted)) throw new Forbidden('You may grant at most your own role.')
}

const noUser: ShareOutcome = { ok: false, field: 'email', error: noColleague }
const noRole: ShareOutcome = { ok: false, field: 'role', error: 'Choose a role.' }

function alreadyThere(name: string): ShareOutcome {
  return { ok: false, field: 'email', error: `${name} has access already. Change their role in the list.` }
}

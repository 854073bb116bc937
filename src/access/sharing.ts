import { and, eq, isNull } from 'drizzle-orm'
import type { Transaction } from '../db/client.ts'
import { users } from '../db/schema/organizations.ts'
import type { Actor } from './actor.ts'
import { emailKey } from './email.ts'
import { isAtLeast, type Resource, roleOn, type ShareRole, shareRoles } from './policy.ts'
import { Forbidden } from './refusals.ts'

// What sharing a data connection and sharing a dataset have in common.

/** What came of sharing; `field` is the one of the form that the sentence is about. */
export type ShareOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly field: 'email' | 'role' | null; readonly error: string }

/** Returns the role that a form named, undefined for any other text. */
export function parseShareRole(text: string): ShareRole | undefined {
  return shareRoles.find((role) => role === text)
}

/** Owners alone share, so today this refuses nobody; it holds whoever the policy will let share. Throws Forbidden. */
export function refuseAbove(actor: Actor, resource: Resource, granted: ShareRole): void {
  const own = roleOn(actor, resource)
  if (own === null || !isAtLeast(own, granted)) throw new Forbidden('You may grant at most your own role.')
}

/** Finds the user of an organization who signs in with this e-mail address and is not disabled. */
export async function findColleague(tx: Transaction, organizationId: string, email: string) {
  const { id, name } = users
  const there = and(eq(users.organizationId, organizationId), isNull(users.disabledAt))
  const [user] = await tx
    .select({ id, name })
    .from(users)
    .where(and(eq(users.emailKey, emailKey(email)), there))
  return user
}

/** The same for an address of nobody, of someone disabled and of another organization: who asks learns nothing of those. */
export const noUser: ShareOutcome = {
  ok: false,
  field: 'email',
  error:
    'Nobody in your organization signs in with this e-mail address. Check it, or ask an administrator to add them.',
}

export const noRole: ShareOutcome = { ok: false, field: 'role', error: 'Choose a role.' }

/** Returns the outcome of sharing with someone who has access already. */
export function alreadyThere(name: string): ShareOutcome {
  return { ok: false, field: 'email', error: `${name} has access already. Change their role in the list.` }
}

import { and, eq, isNull } from 'drizzle-orm'
import type { Reader } from '../db/client.ts'
import { users } from '../db/schema/organizations.ts'
import { emailKey } from './email.ts'
import type { ShareRole } from './policy.ts'

/** Someone who may work with a shared thing. */
export type Person = {
  readonly userId: string
  readonly name: string
  readonly email: string
  readonly role: ShareRole
  /** Whether it was theirs from the beginning: they stay its owner. */
  readonly isFirst: boolean
  readonly disabled: boolean
  /** Since when; null for whose it was from the beginning. */
  readonly since: Date | null
}

/** Returns the person whose a thing was from the beginning. */
export async function firstPerson(reader: Reader, ownerId: string): Promise<Person> {
  const { name, email, disabledAt } = users
  const [first] = await reader.select({ name, email, disabledAt }).from(users).where(eq(users.id, ownerId))
  return {
    userId: ownerId,
    name: first?.name ?? '',
    email: first?.email ?? '',
    role: 'owner',
    isFirst: true,
    disabled: (first?.disabledAt ?? null) !== null,
    since: null,
  }
}

/** Finds the user of an organization who signs in with this e-mail address and is not disabled. */
export async function findColleague(reader: Reader, organizationId: string, email: string) {
  const { id, name } = users
  const there = and(eq(users.organizationId, organizationId), isNull(users.disabledAt))
  const [user] = await reader
    .select({ id, name })
    .from(users)
    .where(and(eq(users.emailKey, emailKey(email)), there))
  return user
}

/** The same for an address of nobody, of someone disabled and of another organization: who asks learns nothing of those. */
export const noColleague =
  'Nobody in your organization signs in with this e-mail address. Check it, or ask an administrator to add them.'

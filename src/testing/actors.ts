import { hash } from '@node-rs/argon2'
import type { UserActor } from '../access/actor.ts'
import { emailKey } from '../access/email.ts'
import { hashParameters } from '../auth/passwords.ts'
import type { Database } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { organizations, users } from '../db/schema/organizations.ts'

/** The password of everyone in tests. */
export const testPassword = 'quartz lantern mosaic 7'

let passwordHash: Promise<string> | undefined

/** Adds an organization straight to the tables and returns its id. */
export async function addOrganization(db: Database, name: string): Promise<string> {
  const id = newId()
  await db.insert(organizations).values({ id, name })
  return id
}

/** Adds a user who can sign in with `testPassword`, straight to the tables. */
export async function addUser(
  db: Database,
  organizationId: string,
  name: string,
  role: UserActor['role'] = 'member',
): Promise<UserActor> {
  const id = newId()
  const email = `${name.toLowerCase()}-${id.slice(-6)}@example.com`
  passwordHash ??= hash(testPassword, hashParameters)
  const row = { id, organizationId, email, emailKey: emailKey(email), name, role, passwordHash: await passwordHash }
  await db.insert(users).values(row)
  return { kind: 'user', id, organizationId, role, name, email, address: '127.0.0.1', requestId: 'test' }
}

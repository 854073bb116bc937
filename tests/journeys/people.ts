import type { UserActor } from '../../src/access/actor.ts'
import { features } from '../../src/db/schema/organizations.ts'
import { addOrganization, addUser } from '../../src/testing/actors.ts'
import type { StartedServer } from '../../src/testing/server.ts'

/** Who journeys are made as: everyone's password is `testPassword`. */
export type People = {
  readonly organizationId: string
  /** Adds a member who sees nothing of the others. */
  member(name: string): Promise<UserActor>
  readonly root: UserActor
}

/** Adds an organization with Stored credentials on and an administrator, and hands out members. */
export async function addPeople(server: StartedServer, organization = 'Acme', administrator = 'Root'): Promise<People> {
  if (server.database === null) throw new Error('People are added to servers that use the test cluster.')
  const { db } = server.database
  const organizationId = await addOrganization(db, organization)
  await db.insert(features).values({ organizationId, feature: 'stored_credentials', enabled: true })
  const root = await addUser(db, organizationId, administrator, 'administrator')
  return { organizationId, root, member: (name) => addUser(db, organizationId, name) }
}

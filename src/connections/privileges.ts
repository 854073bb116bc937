import type { Parameters } from '../connector/driver.ts'
import { driver } from '../connector/registry.ts'
import type { SeenPrivileges } from '../db/schema/credentials.ts'

/** What an account could do on its data store at the last good sign-in, beyond reading. */
export type AccountPrivileges = SeenPrivileges & {
  /** What was seen before that differed, with when it was last so; null where it has always been the same. */
  readonly before: SeenPrivileges | null
  /** Statements that make an account which can only read, to be run by an administrator there; null where none are known. */
  readonly readOnlyStatements: string | null
}

type Seen = { readonly privileges: SeenPrivileges | null; readonly previousPrivileges: SeenPrivileges | null }
type Configured = { readonly driver: string; readonly parameters: Parameters }

/** Returns what was seen of an association's account; null where nobody has looked or the data store does not tell. */
export function privilegesOf(bond: Seen, connection: Configured, username: string | null): AccountPrivileges | null {
  const { privileges, previousPrivileges: before } = bond
  if (privileges === null) return null
  const mayMore = privileges.superuser === true || privileges.canWrite === true
  const statements = driver(connection.driver)?.readOnlyStatements
  const readOnlyStatements = (mayMore && statements?.(connection.parameters, username ?? 'keyward')) || null
  return { ...privileges, before, readOnlyStatements }
}

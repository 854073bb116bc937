import type { Person } from '../../src/access/people.ts'
import { paths } from '../../src/paths.ts'
import type { SharingPaths } from '../sharing/people.tsx'
import type { RoleHints } from '../sharing/role-field.tsx'
import { RolePage } from '../sharing/role-page.tsx'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { connectionTrail } from './address.tsx'

/** What each role may do with a connection. */
export const connectionRoleHints: RoleHints = {
  consumer: 'Sees the connection and uses it with their own credentials.',
  editor: 'Also changes its name and parameters.',
  owner: 'Also shares and deletes it.',
}

/** Where a connection is shared. */
export function connectionSharingPaths(id: string): SharingPaths {
  return {
    sharing: paths.connectionSharing(id),
    role: (userId) => paths.connectionShareRole(id, userId),
    removal: (userId) => paths.connectionShareRemoval(id, userId),
  }
}

/** The page on which an owner changes what someone may do with a connection. */
export function ShareRolePage(props: {
  connection: { id: string; name: string }
  person: Person
  error: string | undefined
}) {
  const { id, name } = props.connection
  return (
    <RolePage
      name={name}
      breadcrumbs={<Breadcrumbs trail={connectionTrail(id, name)} current="Change role" />}
      person={props.person}
      hints={connectionRoleHints}
      at={connectionSharingPaths(id)}
      error={props.error}
    />
  )
}

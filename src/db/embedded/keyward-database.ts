import postgres from 'postgres'
import { type Cluster, clusterUrl } from './cluster.ts'
import { readPasswords } from './passwords.ts'

/** Addresses of a database of Keyward's in an embedded cluster: for migrations, and for the running server. */
export type KeywardDatabase = { readonly ownerUrl: string; readonly appUrl: string }

/**
 * Makes sure that `cluster` has the database `name` and its roles: `keyward_owner` owns it and migrates, `keyward_app`
 * works with the rows. Nobody else may connect. Safe to repeat; resolves to the addresses.
 */
export async function createKeywardDatabase(cluster: Cluster, name = 'keyward'): Promise<KeywardDatabase> {
  const passwords = readPasswords(cluster.directory, false)
  const client = postgres(clusterUrl(cluster, cluster, 'postgres'), { max: 1, onnotice: () => {} })
  try {
    await ensureRole(client, 'keyward_owner', passwords.owner)
    await ensureRole(client, 'keyward_app', passwords.app)
    await ensureDatabase(client, name)
    // Other roles of this server (the sample's reader) get into their own database and no other.
    await client.unsafe('revoke connect on database postgres, template1 from public')
  } finally {
    await client.end({ timeout: 5 })
  }
  return keywardDatabase(cluster, name)
}

/** Returns the addresses without looking whether the database is there. */
export function keywardDatabase(cluster: Cluster, name = 'keyward'): KeywardDatabase {
  const passwords = readPasswords(cluster.directory, false)
  return {
    ownerUrl: clusterUrl(cluster, { user: 'keyward_owner', password: passwords.owner }, name),
    appUrl: clusterUrl(cluster, { user: 'keyward_app', password: passwords.app }, name),
  }
}

/** The password is set every time: it is the one in the file whatever happened before. Random base64url, so quotable. */
async function ensureRole(client: postgres.Sql, role: string, password: string): Promise<void> {
  const [found] = await client`select 1 from pg_roles where rolname = ${role}`
  await client.unsafe(`${found ? 'alter' : 'create'} role ${role} login password '${password}'`)
}

async function ensureDatabase(client: postgres.Sql, name: string): Promise<void> {
  const [found] = await client`select 1 from pg_database where datname = ${name}`
  if (!found) await client.unsafe(`create database ${name} owner keyward_owner`)
  await client.unsafe(`revoke all on database ${name} from public; grant connect on database ${name} to keyward_app`)
}

import type pg from 'pg'
import { withClient } from '../one-client.ts'
import { scramVerifier } from '../scram-verifier.ts'
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
  await withClient(clusterUrl(cluster, cluster, 'postgres'), async (client) => {
    await ensureRole(client, 'keyward_owner', passwords.owner)
    await ensureRole(client, 'keyward_app', passwords.app)
    await ensureDatabase(client, name)
    // Other roles of this server (the sample's reader) get into their own database and no other.
    await client.query('revoke connect on database postgres, template1 from public')
  })
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

/** The password is set every time: it is the one in the file whatever happened before. */
async function ensureRole(client: pg.Client, role: string, password: string): Promise<void> {
  const found = await client.query('select 1 from pg_roles where rolname = $1', [role])
  await client.query(`${found.rowCount ? 'alter' : 'create'} role ${role} login password '${scramVerifier(password)}'`)
}

async function ensureDatabase(client: pg.Client, name: string): Promise<void> {
  const found = await client.query('select 1 from pg_database where datname = $1', [name])
  if (!found.rowCount) await client.query(`create database ${name} owner keyward_owner`)
  await client.query(`revoke all on database ${name} from public`)
  await client.query(`grant connect on database ${name} to keyward_app`)
}

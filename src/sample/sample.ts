import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import type { UserActor } from '../access/actor.ts'
import type { Connections } from '../connections/connections.ts'
import type { Vault } from '../credentials/vault.ts'
import { scramVerifier } from '../db/scram-verifier.ts'
import { Secret } from '../secrets/secret.ts'
import { sampleTables } from './tables.ts'

/** Where the embedded server is, with the address of its superuser. */
export type SampleServer = { readonly host: string; readonly port: number; readonly superuserUrl: string }

export type Sample = ReturnType<typeof createSample>

const database = 'sample'
const role = 'sample_reader'

/** The sample of the first run: a small shop in a second database of the embedded server, readable by one role. */
export function createSample(deps: { server: SampleServer; connections: Connections; vault: Vault }) {
  const { server, connections, vault } = deps
  return {
    /**
     * Makes the database and its role, a data connection to it and a credential associated with that. Safe to repeat
     * after a failure: the role gets a new password and what exists is kept. Returns the connection's id.
     */
    async add(actor: UserActor): Promise<string> {
      const password = randomBytes(24).toString('base64url')
      await makeDatabase(server.superuserUrl, password)
      const parameters = { host: server.host, port: String(server.port), database, tls: 'disable' }
      const made = await connections.create(actor, { name: 'Sample shop', driver: 'postgresql', parameters })
      if (!made.ok) throw new Error(made.error)
      const stored = await vault.create(actor, {
        type: 'basic',
        name: 'Sample reader',
        description: 'May read the sample shop, and nothing else.',
        fields: { username: new Secret(role), password: new Secret(password) },
        connectionIds: [made.id],
      })
      if (!stored.ok) throw new Error(stored.error)
      return made.id
    },
  }
}

async function makeDatabase(superuserUrl: string, password: string): Promise<void> {
  await withClient(superuserUrl, async (sql) => {
    const [existing] = await sql`select 1 from pg_roles where rolname = ${role}`
    // PostgreSQL takes no parameters here.
    await sql.unsafe(
      `${existing ? 'alter' : 'create'} role ${role} login nosuperuser nocreatedb nocreaterole connection limit 10 password '${scramVerifier(password)}'`,
    )
    const [found] = await sql`select 1 from pg_database where datname = ${database}`
    if (!found) await sql.unsafe(`create database ${database}`)
    await sql.unsafe(`revoke all on database ${database} from public`)
    await sql.unsafe(`grant connect on database ${database} to ${role}`)
  })
  await withClient(inDatabase(superuserUrl, database), async (sql) => {
    await sql.unsafe('revoke all on schema public from public; drop schema if exists shop cascade')
    await sql.unsafe(sampleTables)
    await sql.unsafe(`grant usage on schema shop to ${role}; grant select on all tables in schema shop to ${role}`)
    await sql.unsafe('analyze')
  })
}

function inDatabase(url: string, name: string): string {
  const other = new URL(url)
  other.pathname = `/${name}`
  return other.href
}

async function withClient(url: string, run: (sql: postgres.Sql) => Promise<void>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await run(sql)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

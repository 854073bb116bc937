import { randomBytes } from 'node:crypto'
import { clusterUrl } from '../../src/db/embedded/cluster.ts'
import { withClient } from '../../src/db/one-client.ts'
import { testCluster } from '../../src/testing/database.ts'

/** A database that plays somebody's data store, with roles of its own. */
export type Store = {
  readonly host: string
  readonly port: number
  readonly database: string
  /** A role that may read everything in it. */
  readonly reader: Account
  /** Another one. */
  readonly second: Account
  /** Adds a role that may read everything, with this password. */
  addReader(password: string): Promise<Account>
  /** Runs statements in it as the superuser. */
  sql(text: string): Promise<unknown>
  close(): Promise<void>
}

export type Account = { readonly username: string; readonly password: string }

/**
 * Makes a data store in the test cluster: schema `public` with `customers` (100 rows), `orders` (2,000 rows) and the
 * view `endless`, which takes longer than anybody waits, but little of the processor; and an empty schema `archive`.
 */
export async function makeStore(): Promise<Store> {
  const { host, port, superuserUrl, server } = testCluster()
  const id = randomBytes(5).toString('hex')
  const database = `store_${id}`
  const roles: string[] = []
  const inPostgres = (text: string) => withClient(superuserUrl, (client) => client.query(text))
  const sql = (text: string) =>
    withClient(clusterUrl({ host: '127.0.0.1', port }, server.superuser, database), (client) => client.query(text))
  const addReader = async (password: string) => {
    const username = `reader_${id}_${roles.length + 1}`
    roles.push(username)
    await inPostgres(`create role ${username} login password '${password.replaceAll("'", "''")}'`)
    await sql(
      `grant usage on schema public, archive to ${username}; grant select on all tables in schema public to ${username}`,
    )
    return { username, password }
  }
  await inPostgres(`create database ${database}`)
  await sql(tables)
  return {
    host,
    port,
    database,
    reader: await addReader(`reader-${randomBytes(12).toString('hex')}`),
    second: await addReader(`second-${randomBytes(12).toString('hex')}`),
    addReader,
    sql,
    close: async () => {
      await inPostgres(`drop database ${database} with (force)`)
      await inPostgres(`drop role ${roles.join(', ')}`)
    },
  }
}

const tables = `
  create schema archive;
  create table customers (id integer primary key, name text not null, note text);
  insert into customers select n, 'Customer ' || n, case when n % 2 = 0 then 'regular' end from generate_series(1, 100) as n;
  create table orders (id bigint primary key, customer integer, amount numeric(12, 2), placed timestamptz);
  insert into orders select n, n % 100, n / 7.0, timestamptz '2026-01-01' + n * interval '1 minute' from generate_series(1, 2000) as n;
  create view endless as select a.id, b.name, repeat(md5(c.id::text), 8) as digest, pg_sleep(0.005)::text as nothing
    from orders a, customers b, orders c, orders d, orders e;
`

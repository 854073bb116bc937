import { chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import pg from 'pg'
import { type Cluster, startCluster } from '../db/embedded/cluster.ts'
import { type Certificate, type Certificates, makeCertificates } from './certificates.ts'

/** A PostgreSQL that plays somebody's data store. It listens on 127.0.0.1 and shows the good certificate. */
export type Target = {
  readonly host: 'localhost'
  readonly port: number
  /** Undefined where OpenSSL is missing; the server then has no TLS. */
  readonly certificates: Certificates | undefined
  /** Runs statements as the superuser, in a database. */
  sql(text: string, database?: string): Promise<pg.QueryResult>
  /** Has the server show another certificate from now on, or offer no TLS. */
  show(certificate: Certificate | 'none'): Promise<void>
  /** Everything the server has written down so far, sign-ins that it refused among it. */
  log(): string
  close(): Promise<void>
}

/** The password of every role of the target. */
export const targetPassword = 'correct horse battery staple'

/**
 * Starts the target: databases `shop` (schema `public` with `customers` and `orders`, schema `secret` for the owner
 * alone), `empty` and `closed` (no CONNECT); roles `reader`, `stranger` (no SELECT), `expired`, `locked`, and
 * `clear`, `hashed`, `trusted`, `rejected`, who are asked for their password in the ways of their names.
 */
export async function startTarget(): Promise<Target> {
  const directory = mkdtempSync(join(tmpdir(), 'keyward-target-'))
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', ssl_ca_file: '' }
  const cluster = await startCluster({ directory, settings, hba })
  const sql = (text: string, database = 'postgres') => runSql(cluster, text, database)
  for (const text of setUp) await sql(text)
  for (const text of shop) await sql(text, 'shop')
  const certificates = makeCertificates(directory)
  const show = (shown: Certificate | 'none') => showCertificate(cluster, sql, shown)
  if (certificates !== undefined) await show(certificates.good)
  const close = async () => {
    await cluster.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  const log = () => readFileSync(join(directory, 'postgres.log'), 'utf8')
  return { host: 'localhost', port: cluster.port, certificates, sql, show, log, close }
}

const hba = `
host all clear 127.0.0.1/32 password
host all hashed 127.0.0.1/32 md5
host all trusted 127.0.0.1/32 trust
host all rejected 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
`

const role = (name: string, options = 'LOGIN') => `CREATE ROLE ${name} ${options} PASSWORD '${targetPassword}'`

const setUp = [
  ...['reader', 'stranger', 'clear', 'trusted', 'rejected', 'future'].map((name) => role(name)),
  `SET password_encryption = 'md5'; ${role('hashed')}`,
  role('locked', 'NOLOGIN'),
  role('expired', "LOGIN VALID UNTIL '2020-01-01'"),
  "ALTER ROLE future VALID UNTIL '2100-01-01'",
  'CREATE DATABASE shop',
  'CREATE DATABASE empty',
  'CREATE DATABASE closed',
  'REVOKE CONNECT ON DATABASE closed FROM PUBLIC',
]

const shop = [
  'CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL)',
  "INSERT INTO customers SELECT i, 'Customer ' || i FROM generate_series(1, 100) AS i",
  'CREATE TABLE orders (id bigint PRIMARY KEY, customer integer, amount numeric(12, 2), placed timestamptz)',
  "INSERT INTO orders SELECT i, i % 100, i / 7.0, '2026-01-01'::timestamptz + i * interval '1 minute' FROM generate_series(1, 1000) AS i",
  'CREATE VIEW spending AS SELECT customer, sum(amount) AS total FROM orders GROUP BY customer',
  'CREATE SCHEMA secret',
  'CREATE TABLE secret.salaries (id integer)',
  'GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader, clear, hashed, trusted, future',
]

async function runSql(cluster: Cluster, text: string, database: string): Promise<pg.QueryResult> {
  const { host, port, user, password } = cluster
  const client = new pg.Client({ host, port, user, password, database, ssl: false })
  await client.connect()
  try {
    return await client.query(text)
  } finally {
    await client.end()
  }
}

async function showCertificate(
  cluster: Cluster,
  sql: (text: string) => Promise<unknown>,
  shown: Certificate | 'none',
): Promise<void> {
  if (shown !== 'none') {
    writeOwned(cluster, 'server.crt', shown.certificate)
    writeOwned(cluster, 'server.key', shown.key)
  }
  await sql(`ALTER SYSTEM SET ssl = ${shown === 'none' ? 'off' : 'on'}`)
  const wanted = shown === 'none' ? 'none' : shown.certificate.replace(/\s/g, '')
  for (let attempt = 0; attempt < 100; attempt++) {
    await sql('SELECT pg_reload_conf()')
    if ((await shownBy(cluster.port)) === wanted) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('The target did not take its new certificate. See its postgres.log.')
}

/** PostgreSQL wants its key to be its own, or root's. */
function writeOwned(cluster: Cluster, name: string, text: string): void {
  const data = join(cluster.home, 'pgdata')
  const file = join(data, name)
  rmSync(file, { force: true })
  writeFileSync(file, text, { mode: 0o600 })
  const { uid, gid } = statSync(data)
  if (uid !== process.getuid?.()) chownSync(file, uid, gid)
}

/** Returns the certificate that the server shows right now as PEM without white space, or `none`. */
function shownBy(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])))
    socket.once('error', reject)
    socket.once('data', (answer) => {
      if (answer.toString() !== 'S') {
        socket.destroy()
        resolve('none')
        return
      }
      const encrypted = connectTls({ socket, rejectUnauthorized: false }, () => {
        const base64 = encrypted.getPeerX509Certificate()?.toString() ?? ''
        encrypted.destroy()
        resolve(base64.replace(/\s/g, ''))
      })
      encrypted.once('error', reject)
    })
  })
}

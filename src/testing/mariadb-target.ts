import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Certificate, type Certificates, makeCertificates } from './certificates.ts'
import { startMariaDb } from './mariadb-server.ts'
import { targetPassword } from './target.ts'

/** A MariaDB that plays somebody's data store. It listens on 127.0.0.1 and shows the good certificate. */
export type MariaDbTarget = {
  readonly port: number
  /** Undefined where OpenSSL is missing; the server then has no TLS. */
  readonly certificates: Certificates | undefined
  /** Runs a statement as root, in a database. */
  sql(text: string, database?: string): Promise<Record<string, unknown>[]>
  /** Has the server show another certificate from now on, or offer no TLS. */
  show(certificate: Certificate | 'none'): Promise<void>
  close(): Promise<void>
}

/**
 * Starts the target: databases `shop` (with `customers`, `orders` and the view `spending`), `empty` and `closed` (no
 * rights); accounts `reader`, `writer`, `admin`, `stranger` (no SELECT), `expired`, `locked`, and `old`, whose password is
 * kept as MySQL 3 did. Undefined, with a printed reason, where there is no MariaDB and none can be installed.
 */
export async function startMariaDbTarget(): Promise<MariaDbTarget | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'keyward-mariadb-'))
  const certificates = makeCertificates(folder)
  if (certificates !== undefined) write(folder, certificates.good)
  const [certificate, key] = filesOf(folder)
  const tls = certificates === undefined ? [] : [`--ssl-cert=${certificate}`, `--ssl-key=${key}`]
  const server = await startMariaDb(folder, tls)
  if (server === undefined) {
    rmSync(folder, { recursive: true, force: true })
    return undefined
  }
  for (const text of setUp) await server.sql(text)
  for (const text of shop) await server.sql(text, 'shop')
  let withoutTls = false
  const show = async (shown: Certificate | 'none') => {
    if (shown !== 'none') write(folder, shown)
    if (shown === 'none' || withoutTls) await server.restart(shown === 'none' ? ['--skip-ssl'] : tls)
    else await server.sql('FLUSH SSL')
    withoutTls = shown === 'none'
  }
  const close = async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return { port: server.port, certificates, sql: server.sql, show, close }
}

function filesOf(folder: string): readonly [certificate: string, key: string] {
  return [join(folder, 'server.crt'), join(folder, 'server.key')]
}

function write(folder: string, shown: Certificate): void {
  const [certificate, key] = filesOf(folder)
  writeFileSync(certificate, shown.certificate)
  writeFileSync(key, shown.key, { mode: 0o600 })
}

const account = (name: string, options = '') => `CREATE USER ${name} IDENTIFIED BY '${targetPassword}' ${options}`

const setUp = [
  "DELETE FROM mysql.global_priv WHERE User = ''",
  'FLUSH PRIVILEGES',
  ...['reader', 'writer', 'admin', 'stranger'].map((name) => account(name)),
  "CREATE USER old IDENTIFIED VIA mysql_old_password USING '6f8c114b58f2ce9c'",
  account('locked', 'ACCOUNT LOCK'),
  account('expired', 'PASSWORD EXPIRE'),
  'CREATE DATABASE shop',
  'CREATE DATABASE empty',
  'CREATE DATABASE closed',
  'CREATE TABLE closed.salaries (id int)',
  'GRANT ALL ON *.* TO admin WITH GRANT OPTION',
  'GRANT SELECT ON shop.* TO reader, expired, locked, old',
  'GRANT SELECT, EXECUTE ON empty.* TO reader',
  'GRANT SELECT, INSERT, DELETE ON shop.* TO writer',
  'GRANT INSERT ON shop.* TO stranger',
]

const shop = [
  'CREATE TABLE customers (id int PRIMARY KEY, name varchar(100) NOT NULL)',
  "INSERT INTO customers SELECT seq, CONCAT('Customer ', seq) FROM seq_1_to_100",
  'CREATE TABLE orders (id bigint PRIMARY KEY, customer int, amount decimal(12, 2), placed timestamp(3) NULL)',
  "SET STATEMENT time_zone = '+00:00' FOR INSERT INTO orders SELECT seq, seq % 100, ROUND(seq / 7, 2), '2026-01-01' + INTERVAL seq MINUTE FROM seq_1_to_1000",
  'CREATE VIEW spending AS SELECT customer, SUM(amount) AS total FROM orders GROUP BY customer',
]

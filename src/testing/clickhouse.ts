import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer as createListener, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type TlsOptions } from 'node:tls'
import { type Certificates, makeCertificates } from './certificates.ts'
import { provide } from './provision.ts'
import { targetPassword } from './target.ts'

/** A ClickHouse that plays somebody's data store, behind TLS on 127.0.0.1. */
export type ClickHouseTarget = {
  /** Speaks TLS. */
  readonly port: number
  /** Does not. */
  readonly plainPort: number
  readonly certificates: Certificates
  /** Runs one statement as an administrator, and returns the text of its answer. */
  sql(statement: string): Promise<string>
  close(): Promise<void>
}

/**
 * Starts it: databases `shop` (`orders`, and the view `spending`) and `secret` (`salaries`); accounts `reader`, who sees
 * `shop` alone and may write, `careful`, who may not change settings, and `halfway`, who may change nothing but settings.
 * Undefined, with a printed reason, where the server cannot be had.
 */
export async function startClickHouse(): Promise<ClickHouseTarget | undefined> {
  const program = provide('clickhouse-server')
  const directory = mkdtempSync(join(tmpdir(), 'keyward-clickhouse-'))
  const certificates = program === undefined ? undefined : makeCertificates(directory)
  if (program === undefined || certificates === undefined) {
    rmSync(directory, { recursive: true, force: true })
    return undefined
  }
  const [plainPort, tcpPort] = [await freePort(), await freePort()]
  writeFileSync(join(directory, 'config.xml'), configuration(directory, plainPort, tcpPort))
  writeFileSync(join(directory, 'users.xml'), accounts)
  const child = spawn(program, [`--config-file=${directory}/config.xml`], { cwd: directory, stdio: 'ignore' })
  const sql = (statement: string) => post(plainPort, statement)
  await untilItAnswers(sql)
  for (const statement of setUp) await sql(statement)
  const { certificate: cert, key } = certificates.good
  const front = await encrypt({ cert, key }, plainPort)
  const close = async () => {
    front.close()
    await stop(child)
    rmSync(directory, { recursive: true, force: true })
  }
  return { port: portOf(front), plainPort, certificates, sql, close }
}

function configuration(directory: string, httpPort: number, tcpPort: number): string {
  return `<yandex><logger><level>error</level><log>${directory}/log</log><errorlog>${directory}/errors</errorlog></logger>
<http_port>${httpPort}</http_port><tcp_port>${tcpPort}</tcp_port><listen_host>127.0.0.1</listen_host>
<path>${directory}/data/</path><tmp_path>${directory}/tmp/</tmp_path><users_config>users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database>
<mark_cache_size>5242880</mark_cache_size></yandex>`
}

const account = (name: string, profile: string, password: string, more = '') =>
  `<${name}><password>${password}</password><networks><ip>127.0.0.1</ip></networks><profile>${profile}</profile>
<quota>default</quota>${more}</${name}>`

const accounts = `<yandex><profiles><default/><looking><readonly>1</readonly></looking>
<choosing><readonly>2</readonly></choosing></profiles><quotas><default/></quotas><users>
${account('default', 'default', 'administrator')}
${account('reader', 'default', targetPassword, '<allow_databases><database>shop</database></allow_databases>')}
${account('careful', 'looking', targetPassword)}${account('halfway', 'choosing', targetPassword)}
</users></yandex>`

const setUp = [
  'CREATE DATABASE shop',
  'CREATE DATABASE secret',
  'CREATE TABLE secret.salaries (id Int32) ENGINE = Memory',
  `CREATE TABLE shop.orders (id UInt64, customer Int32, amount Decimal(12, 2), placed DateTime('Asia/Tokyo'))
   ENGINE = MergeTree ORDER BY id`,
  `INSERT INTO shop.orders SELECT number + 1, number % 100, toDecimal64(number, 2) / 4,
   toDateTime(1767225600 + 60 * (number + 1)) FROM numbers(1000)`,
  'CREATE VIEW shop.spending AS SELECT customer, sum(amount) AS total FROM shop.orders GROUP BY customer',
]

async function post(port: number, statement: string): Promise<string> {
  const headers = { 'X-ClickHouse-User': 'default', 'X-ClickHouse-Key': 'administrator' }
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: statement, headers })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return text
}

async function untilItAnswers(sql: (statement: string) => Promise<string>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const answer = await sql('SELECT 1').catch((error: Error) => error)
    if (!(answer instanceof Error)) return
    if (attempt === 300) throw new Error('ClickHouse did not start.', { cause: answer })
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** The packaged server is built without TLS. */
function encrypt(options: TlsOptions, port: number): Promise<Server> {
  const front = createServer(options, (outside) => {
    const inside = connect(port, '127.0.0.1')
    outside.pipe(inside).pipe(outside)
    outside.on('error', () => inside.destroy()).on('close', () => inside.destroy())
    inside.on('error', () => outside.destroy())
  })
  return new Promise((resolve) => front.listen(0, '127.0.0.1', () => resolve(front)))
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

function freePort(): Promise<number> {
  const listener = createListener()
  return new Promise((resolve) => {
    listener.listen(0, '127.0.0.1', () => {
      const port = portOf(listener)
      listener.close(() => resolve(port))
    })
  })
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

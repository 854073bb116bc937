import { type Connection, createConnection, type FieldInfo } from 'mariadb'
import type { Session } from '../driver.ts'
import { inSignInTime } from '../sign-in-time.ts'
import { type BasicAccount, readBasicAccount } from './basic-account.ts'
import { type Phase, refusalFrom } from './mysql-errors.ts'
import type { Greeting } from './mysql-greeting.ts'
import { challengeMethods } from './mysql-methods.ts'
import { aboutSql, beginSql, quoteName, settingsSql } from './mysql-sql.ts'
import { secure } from './mysql-tls.ts'
import { type RowSink, Wire } from './mysql-wire.ts'

/** A signed-in connection, in a read-only transaction. Every cell is text, as the server writes it, or null. */
export type MysqlSession = {
  readonly serverVersion: string
  readonly isMariaDb: boolean
  /** What the server calls its build: `MySQL Community Server - GPL`, `Percona Server`. */
  readonly comment: string
  /** Runs one statement; the server was told that there are never more. */
  query(text: string): Promise<Result>
  /** Runs one statement, its rows going into `sink`; resolves when the last one was taken. */
  stream(text: string, sink: RowSink): Promise<void>
  resumeRows(): void
}

export type Result = {
  readonly fields: readonly FieldInfo[]
  readonly rows: readonly (readonly (string | null)[])[]
}

/**
 * Signs in, reports the rungs up to the database, runs `work` and says goodbye. Rejects with a `Refusal` whatever goes
 * wrong. Nothing that the client library would otherwise find in an environment or a file is left to it.
 */
export async function withSession<T>(session: Session, work: (mysql: MysqlSession) => Promise<T>): Promise<T> {
  const account = readBasicAccount(session.job)
  const open = await inSignInTime(session, phase('signing in', signIn(session, account)), speaksFirst)
  try {
    return await phase('reading', work(open.mysql))
  } finally {
    open.goodbye()
  }
}

const speaksFirst =
  'Check host and port: MySQL and MariaDB speak first, so another kind of server may be listening there.'

async function phase<T>(name: Phase, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw refusalFrom(error, name)
  }
}

type SignedIn = { readonly mysql: MysqlSession; goodbye(): void }

/**
 * The database is opened by a statement of its own, after the account was let in: servers otherwise answer both in one,
 * and a wrong password could not be told from a wrong database. An expired account is let in and then refused everything.
 */
async function signIn(session: Session, account: BasicAccount): Promise<SignedIn> {
  const { destination, parameters, limits, runId } = session.job
  const dialled = await session.dial(destination.host, destination.port)
  const { socket, greeting } = await secure(dialled, destination, session.report)
  const encrypted = destination.tls !== 'disable'
  const verified = destination.tls === 'verify-full'
  const wire = new Wire(socket, { verified, encrypted, password: account.password, greeting: greeting.packet })
  const connection = await asGuarded(wire, connect(wire, account))
  const talk = (text: string) => query(wire, connection, text)
  await talk(settingsSql(greeting.isMariaDb, limits.milliseconds))
  const { rows } = await talk(aboutSql)
  session.report.passed('authentication', 'The server knows this account and its password.')
  await openDatabase(session, parameters.database?.trim() ?? '', talk)
  await talk(beginSql(runId))
  return {
    mysql: sessionOf(wire, connection, greeting, rows[0] ?? []),
    goodbye: () => void connection.end().catch(() => {}),
  }
}

async function openDatabase(session: Session, database: string, talk: (text: string) => Promise<Result>) {
  if (database === '') {
    session.report.notApplicable('database', 'No database was named; every one that the account may use is open to it.')
    return
  }
  await talk(`USE ${quoteName(database)}`)
  session.report.passed('database', 'The database is open to this account.')
}

/** The library speaks on a connection that is encrypted already, where it is to be, and sees what the guard lets pass. */
async function connect(wire: Wire, { username, password }: BasicAccount): Promise<Connection> {
  const connection = await createConnection({
    user: username,
    password,
    stream: () => wire.start(),
    ssl: false,
    restrictedAuth: [...challengeMethods],
    allowPublicKeyRetrieval: false,
    permitLocalInfile: false,
    permitRedirect: false,
    permitConnectionWhenExpired: false,
    multipleStatements: false,
    pipelining: false,
    compress: false,
    bulk: false,
    keepEof: true,
    collation: 'UTF8MB4_UNICODE_CI',
    connectTimeout: 0,
    maxAllowedPacket: 16_777_216,
    maxAllowedColumns: 4_096,
    logParam: false,
    logger: { warning: () => {} },
    rowsAsArray: true,
    metaAsArray: true,
    typeCast: (field: FieldInfo) => field.string(),
  } as Parameters<typeof createConnection>[0])
  connection.on('error', () => {})
  return connection
}

/** Where the guard has ended the connection, its reason is the reason. */
async function asGuarded<T>(wire: Wire, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw wire.refusal ?? error
  }
}

async function query(wire: Wire, connection: Connection, text: string): Promise<Result> {
  const [rows, fields] = await asGuarded(wire, connection.query<[unknown, FieldInfo[] | undefined]>(text))
  return { fields: fields ?? [], rows: Array.isArray(rows) ? (rows as (string | null)[][]) : [] }
}

function sessionOf(
  wire: Wire,
  connection: Connection,
  greeting: Greeting,
  [version, comment]: readonly (string | null)[],
): MysqlSession {
  return {
    serverVersion: printable(version ?? greeting.version),
    isMariaDb: greeting.isMariaDb,
    comment: printable(comment ?? ''),
    query: (text) => query(wire, connection, text),
    async stream(text, sink) {
      wire.rowsInto(sink)
      await query(wire, connection, text)
    },
    resumeRows: () => wire.resumeRows(),
  }
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '').slice(0, 100)
}

import { Refusal } from '../diagnosis.ts'
import type { DriverClient, Operations, Session, Source } from '../driver.ts'
import { noSample } from '../sample.ts'
import { shortenCell } from '../shorten.ts'
import { type PostgresColumn, readColumns } from './postgresql-columns.ts'
import { askExpiry, askProduct, expirySql, isLack, productOf, productSql } from './postgresql-family.ts'
import { importSource } from './postgresql-import.ts'
import { placedInQuery } from './postgresql-place.ts'
import { askPrivileges } from './postgresql-privileges.ts'
import { type PostgresSession, withSession } from './postgresql-session.ts'
import {
  anyTableSql,
  beginSql,
  describeSql,
  plain,
  previewSql,
  quoteName,
  readableSql,
  type StatementSettings,
  schemasSql,
  tablesSql,
} from './postgresql-sql.ts'

/** The part of the PostgreSQL driver that talks. Every operation reads in one read-only transaction. */
export const client: DriverClient = {
  signIn: (session) => withSession(session, (postgres) => signIn(session, postgres)),

  listSchemas: (session) =>
    reading(session, async (postgres) => {
      const { rows } = await queryOr(session, postgres, schemasSql, plain.schemas)
      session.report.passed('read', 'The schemas can be listed.')
      return { schemas: rows.map(([name]) => name ?? '') }
    }),

  listTables: (session, { schema }) =>
    reading(session, async (postgres) => {
      const { rows } = await queryOr(session, postgres, tablesSql, plain.tables, [schema])
      session.report.passed('read', 'The tables can be listed.')
      return { tables: rows.map(tableEntry) }
    }),

  preview: (session, input) => reading(session, (postgres) => preview(session, postgres, input)),

  import: (session, input) =>
    reading(session, async (postgres) => {
      const columns = await describe(postgres, input.source)
      session.report.passed('read', 'The data can be read.')
      return importSource(session, postgres, columns, input)
    }),
}

function reading<T>(session: Session, work: (postgres: PostgresSession) => Promise<T>): Promise<T> {
  return withSession(session, async (postgres) => {
    await begin(session, postgres)
    return work(postgres)
  })
}

function begin(session: Session, postgres: PostgresSession): Promise<void> {
  return postgres.run(beginSql(settingsOf(session, postgres)))
}

/** Asks in a second way where the server lacks something that PostgreSQL has, which has ended the transaction. */
async function queryOr(
  session: Session,
  postgres: PostgresSession,
  text: string,
  plainer: string,
  values: readonly unknown[] = [],
) {
  try {
    return await postgres.query(text, values)
  } catch (error) {
    if (!isLack(error)) throw error
  }
  await postgres.run('ROLLBACK')
  await begin(session, postgres)
  return postgres.query(plainer, values)
}

function settingsOf({ job }: Session, { serverVersion }: PostgresSession): StatementSettings {
  const { statementSeconds, searchPath } = job.parameters
  const own = statementSeconds === undefined ? Number.POSITIVE_INFINITY : Number(statementSeconds) * 1_000
  const milliseconds = Math.min(own, job.limits.milliseconds)
  return { milliseconds, searchPath, isCurrent: !/^[1-8]\./.test(serverVersion) }
}

/** Signing in proves little: the last rung reads a row of a table, if there is any table. */
async function signIn(session: Session, postgres: PostgresSession): Promise<Operations['signIn']['output']> {
  const { product, seconds, readable } = await look(session, postgres)
  const beingRead = readOnce(postgres, readable)
  const asking = askPrivileges(postgres, beingRead)
  // It fails where the reading does, of which the reading tells.
  asking.catch(() => {})
  const read = await beingRead
  session.report.passed('read', product === undefined ? read : `${read} The server is ${product}.`)
  const expiresAt = seconds === null ? null : new Date(Number(seconds) * 1000).toISOString()
  const privileges = await asking
  const { serverVersion } = postgres
  return { serverVersion, expiresAt, ...(product && { product }), ...(privileges && { privileges }) }
}

type Row = readonly (string | null)[]

type Look = {
  readonly product: string | undefined
  /** When the password ends, in seconds of the epoch. */
  readonly seconds: string | null
  /** A schema and a table in it, where there is one that may be read. */
  readonly readable: Row | undefined
}

/** Begins, and asks everything that can be asked at once: a way to the server and back costs as much as the answers. */
async function look(session: Session, postgres: PostgresSession): Promise<Look> {
  const statements = [beginSql(settingsOf(session, postgres)), productSql, expirySql, readableSql]
  try {
    const [product, expiry, readable] = (await postgres.runAll(statements.join(';\n'))).slice(-3)
    return { product: productOf(product?.[0]), seconds: expiry?.[0]?.[0] ?? null, readable: readable?.[0] }
  } catch (error) {
    if (!isLack(error)) throw error
  }
  // One of them is more than this server knows: each by itself, in plainer words where it must be.
  await postgres.run('ROLLBACK')
  const product = await askProduct(postgres)
  const seconds = await askExpiry(postgres)
  await begin(session, postgres)
  const [readable] = (await queryOr(session, postgres, readableSql, plain.readable)).rows
  return { product, seconds, readable }
}

/** Reads a row of the table that may be read, and says so. */
async function readOnce(postgres: PostgresSession, readable: Row | undefined): Promise<string> {
  if (readable !== undefined) {
    const [schema, table] = readable
    await postgres.query(`SELECT 1 FROM ${quoteName(schema ?? '')}.${quoteName(table ?? '')} LIMIT 1`)
    return 'A row of a table could be read.'
  }
  const some = await postgres.query(anyTableSql)
  if (some.rows.length > 0) throw new Refusal('read', 'read.denied')
  return 'The database has no tables yet; its catalog could be read.'
}

function tableEntry([schema, name, kind]: readonly (string | null)[]) {
  const type = kind === 'v' || kind === 'm' ? ('view' as const) : ('table' as const)
  return { schema: schema ?? '', name: name ?? '', type }
}

async function describe(postgres: PostgresSession, source: Source): Promise<PostgresColumn[]> {
  try {
    const { fields } = await postgres.query(describeSql(source))
    return await readColumns(postgres, fields)
  } catch (error) {
    throw source.kind === 'query'
      ? placedInQuery(error, source.query)
      : isSampleRefused(error, source)
        ? noSample()
        : error
  }
}

/** Views have no percentage, and some of the family know no TABLESAMPLE at all. */
function isSampleRefused(error: unknown, source: Source): boolean {
  if (source.kind !== 'table' || source.sample?.of !== 'percent') return false
  return ['42809', '42601', '0A000'].includes((error as { code?: string }).code ?? '')
}

async function preview(session: Session, postgres: PostgresSession, input: Operations['preview']['input']) {
  const { cellCharacters } = session.job.limits
  const columns = await describe(postgres, input.source)
  const { rows } = await postgres.query(previewSql(input.source, columns, input.rows, cellCharacters))
  session.report.passed('read', 'The data can be read.')
  return {
    columns: columns.map(({ name, type }) => ({ name, type })),
    rows: rows.slice(0, input.rows).map((row) => row.map((text) => shortenCell(text, cellCharacters))),
  }
}

import { Refusal } from '../diagnosis.ts'
import type { DriverClient, Operations, Privileges, Session, Source } from '../driver.ts'
import { shortenCell } from '../shorten.ts'
import { type PostgresColumn, readColumns } from './postgresql-columns.ts'
import { importSource } from './postgresql-import.ts'
import { type PostgresSession, withSession } from './postgresql-session.ts'
import {
  anyTableSql,
  beginSql,
  describeSql,
  expirySql,
  previewSql,
  privilegesSql,
  quoteName,
  readableSql,
  schemasSql,
  tablesSql,
} from './postgresql-sql.ts'

/** The part of the PostgreSQL driver that talks. Every operation reads in one read-only transaction. */
export const client: DriverClient = {
  signIn: (session) => reading(session, (postgres) => signIn(session, postgres)),

  listSchemas: (session) =>
    reading(session, async (postgres) => {
      const { rows } = await postgres.query(schemasSql)
      session.report.passed('read', 'The schemas can be listed.')
      return { schemas: rows.map(([name]) => name ?? '') }
    }),

  listTables: (session, { schema }) =>
    reading(session, async (postgres) => {
      const { rows } = await postgres.query(tablesSql, [schema])
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
    await postgres.run(beginSql(session.job.limits.milliseconds))
    return work(postgres)
  })
}

/** Signing in proves little: the last rung reads a row of a table, if there is any table. */
async function signIn(session: Session, postgres: PostgresSession): Promise<Operations['signIn']['output']> {
  const { rows } = await postgres.query(expirySql)
  const seconds = rows[0]?.[0]
  const [readable] = (await postgres.query(readableSql)).rows
  if (readable !== undefined) {
    const [schema, table] = readable
    await postgres.query(`SELECT 1 FROM ${quoteName(schema ?? '')}.${quoteName(table ?? '')} LIMIT 1`)
    session.report.passed('read', 'A row of a table could be read.')
  } else {
    const some = await postgres.query(anyTableSql)
    if (some.rows.length > 0) throw new Refusal('read', 'read.denied')
    session.report.passed('read', 'The database has no tables yet; its catalog could be read.')
  }
  const expiresAt = seconds === undefined || seconds === null ? null : new Date(Number(seconds) * 1000).toISOString()
  const privileges = await privilegesOf(postgres)
  return { serverVersion: postgres.serverVersion, expiresAt, ...(privileges === undefined ? {} : { privileges }) }
}

/**
 * The last statement of a sign-in, for an error ends the transaction. What is not known in time is left out: it was not
 * what the person asked for.
 */
async function privilegesOf(postgres: PostgresSession): Promise<Privileges | undefined> {
  let clock: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    clock = setTimeout(() => resolve(undefined), privilegesMilliseconds)
  })
  const asked = postgres.query(privilegesSql).then(
    ({ rows }) => ({ superuser: verdict(rows[0]?.[0]), canWrite: verdict(rows[0]?.[1]) }),
    () => undefined,
  )
  return Promise.race([asked, late]).finally(() => clearTimeout(clock))
}

const privilegesMilliseconds = 1_500

function verdict(cell: string | null | undefined): boolean | null {
  return cell === 't' ? true : cell === 'f' ? false : null
}

function tableEntry([schema, name, kind]: readonly (string | null)[]) {
  const type = kind === 'v' || kind === 'm' ? ('view' as const) : ('table' as const)
  return { schema: schema ?? '', name: name ?? '', type }
}

async function describe(postgres: PostgresSession, source: Source): Promise<PostgresColumn[]> {
  const { fields } = await postgres.query(describeSql(source))
  return readColumns(postgres, fields)
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

import { Refusal } from '../diagnosis.ts'
import type { DriverClient, Operations, Session, Source } from '../driver.ts'
import { shortenCell } from '../shorten.ts'
import { readColumn, type SqlServerColumn } from './sqlserver-columns.ts'
import type { Cell } from './sqlserver-conversation.ts'
import { serverRefusal } from './sqlserver-errors.ts'
import { cellText, importSource } from './sqlserver-import.ts'
import { type SqlServerSession, withSession } from './sqlserver-session.ts'
import {
  anyTableSql,
  describedText,
  describeSql,
  previewSql,
  quoteName,
  readableSql,
  schemasSql,
  tablesSql,
} from './sqlserver-sql.ts'

/** The part of the SQL Server driver that talks. */
export const client: DriverClient = {
  signIn: (session) => withSession(session, (sqlserver) => signIn(session, sqlserver)),

  listSchemas: (session) =>
    withSession(session, async (sqlserver) => {
      const rows = await sqlserver.query(schemasSql)
      session.report.passed('read', 'The schemas can be listed.')
      return { schemas: rows.map(([name]) => String(name ?? '')) }
    }),

  listTables: (session, { schema }) =>
    withSession(session, async (sqlserver) => {
      const rows = await sqlserver.query(tablesSql, schema)
      session.report.passed('read', 'The tables can be listed.')
      return { tables: rows.map(tableEntry) }
    }),

  preview: (session, input) => withSession(session, (sqlserver) => preview(session, sqlserver, input)),

  import: (session, input) =>
    withSession(session, async (sqlserver) => {
      const columns = await describe(sqlserver, input.source)
      session.report.passed('read', 'The data can be read.')
      return importSource(session, sqlserver, columns, input)
    }),
}

/** Signing in proves little: the last rung reads a row of a table, if there is any table. */
async function signIn(session: Session, sqlserver: SqlServerSession): Promise<Operations['signIn']['output']> {
  const [readable] = await sqlserver.query(readableSql)
  if (readable !== undefined) {
    const [schema, table] = readable
    await sqlserver.query(`SELECT TOP (1) 1 FROM ${quoteName(String(schema))}.${quoteName(String(table))}`)
    session.report.passed('read', 'A row of a table could be read.')
  } else {
    const some = await sqlserver.query(anyTableSql)
    if (some.length > 0) throw new Refusal('read', 'read.denied')
    session.report.passed('read', 'This account sees no tables yet; the catalog could be read.')
  }
  const { serverVersion, product } = sqlserver
  return { serverVersion, ...(product === undefined ? {} : { product }) }
}

function tableEntry([schema, name, kind]: readonly Cell[]) {
  const type = kind === 'V' ? ('view' as const) : ('table' as const)
  return { schema: String(schema ?? ''), name: String(name ?? ''), type }
}

async function describe(sqlserver: SqlServerSession, source: Source): Promise<SqlServerColumn[]> {
  const rows = await sqlserver.query(describeSql, describedText(source))
  const failed = rows.find(([, , number]) => number !== null && number !== undefined)
  if (failed !== undefined) {
    throw serverRefusal([{ number: Number(failed[2]), message: String(failed[3] ?? '') }], 'reading')
  }
  if (rows.length === 0) throw new Refusal('read', 'read.denied', noColumns)
  return rows.map(([name, type]) => readColumn(String(name ?? ''), String(type ?? '')))
}

const noColumns = { sentence: 'There are no columns to read.', nextStep: 'Choose another table, or name columns.' }

async function preview(session: Session, sqlserver: SqlServerSession, input: Operations['preview']['input']) {
  const { cellCharacters } = session.job.limits
  const columns = await describe(sqlserver, input.source)
  const rows = await sqlserver.query(previewSql(input.source, columns, input.rows, cellCharacters))
  session.report.passed('read', 'The data can be read.')
  return {
    columns: columns.map(({ name, type }) => ({ name, type })),
    rows: rows.slice(0, input.rows).map((row) => row.map((cell) => shortenCell(shown(cell), cellCharacters))),
  }
}

function shown(cell: Cell): string | null {
  return Buffer.isBuffer(cell) ? `0x${cell.toString('hex')}` : cellText(cell)
}

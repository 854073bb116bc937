import { Refusal } from '../diagnosis.ts'
import type { DriverClient, Operations, Session, Source } from '../driver.ts'
import { shortenCell } from '../shorten.ts'
import { type ClickHouseColumn, readColumn } from './clickhouse-columns.ts'
import { importSource } from './clickhouse-import.ts'
import { type ClickHouseSession, withSession } from './clickhouse-session.ts'
import { describeSql, previewSql, quoteName, readableSql, schemasSql, tablesSql } from './clickhouse-sql.ts'

/** The part of the ClickHouse driver that talks. What ClickHouse calls a database is a schema here. */
export const client: DriverClient = {
  signIn: (session) => withSession(session, (clickhouse) => signIn(session, clickhouse)),

  listSchemas: (session) =>
    withSession(session, async (clickhouse) => {
      const rows = await clickhouse.query(schemasSql)
      session.report.passed('read', 'The databases can be listed.')
      return { schemas: rows.map(([name]) => name ?? '') }
    }),

  listTables: (session, { schema }) =>
    withSession(session, async (clickhouse) => {
      const rows = await clickhouse.query(tablesSql(schema))
      session.report.passed('read', 'The tables can be listed.')
      return { tables: rows.map(([name, engine]) => tableEntry(schema, name ?? '', engine ?? '')) }
    }),

  preview: (session, input) => withSession(session, (clickhouse) => preview(session, clickhouse, input)),

  import: (session, input) =>
    withSession(session, async (clickhouse) => {
      const columns = await describe(clickhouse, input.source)
      session.report.passed('read', 'The data can be read.')
      return importSource(session, clickhouse, columns, input)
    }),
}

/** Signing in proves little: the last rung reads a row of a table, if there is any table. */
async function signIn(session: Session, clickhouse: ClickHouseSession): Promise<Operations['signIn']['output']> {
  const [readable] = await clickhouse.query(readableSql)
  if (readable === undefined) session.report.passed('read', 'This account sees no tables yet; the list could be read.')
  else {
    const [database, table] = readable
    await clickhouse.query(`SELECT 1 FROM ${quoteName(database ?? '')}.${quoteName(table ?? '')} LIMIT 1`)
    session.report.passed('read', 'A row of a table could be read.')
  }
  return { serverVersion: clickhouse.serverVersion }
}

function tableEntry(schema: string, name: string, engine: string) {
  return { schema, name, type: engine.endsWith('View') ? ('view' as const) : ('table' as const) }
}

async function describe(clickhouse: ClickHouseSession, source: Source): Promise<ClickHouseColumn[]> {
  const [names = [], types = []] = await clickhouse.query(describeSql(source))
  if (names.length === 0 || names.length !== types.length) throw new Refusal('read', 'read.denied', noColumns)
  return names.map((name, index) => readColumn(name ?? '', types[index] ?? '', clickhouse.writesJson))
}

const noColumns = { sentence: 'There are no columns to read.', nextStep: 'Choose another table, or name columns.' }

async function preview(session: Session, clickhouse: ClickHouseSession, input: Operations['preview']['input']) {
  const { cellCharacters } = session.job.limits
  const columns = await describe(clickhouse, input.source)
  const statement = previewSql(input.source, columns, input.rows, cellCharacters)
  const rows = await clickhouse.query(statement)
  session.report.passed('read', 'The data can be read.')
  return {
    columns: columns.map(({ name, type }) => ({ name, type })),
    rows: rows.slice(0, input.rows).map((row) => row.map((text) => shortenCell(withoutPadding(text), cellCharacters))),
  }
}

/** Without the NULs that pad a fixed string. */
function withoutPadding(text: string | null): string | null {
  return text?.replace(/\0+$/, '').replaceAll('\0', '\ufffd') ?? null
}

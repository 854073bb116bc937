import { Refusal } from '../diagnosis.ts'
import { type DriverClient, type Imported, mostListed, type Operations, type Session } from '../driver.ts'
import { shortenCell } from '../shorten.ts'
import { TextSink, textRow } from '../text-sink.ts'
import { readColumns, readRow, type SnowflakeColumn, textColumn } from './snowflake-columns.ts'
import { type Result, type SnowflakeSession, withSession } from './snowflake-session.ts'
import { aboutSql, quoteName, readableSql, schemasSql, selectSql, tablesSql } from './snowflake-sql.ts'

/** The part of the Snowflake driver that talks, to the SQL API of an account. */
export const client: DriverClient = {
  signIn: (session) => withSession(session, (snowflake) => signIn(session, snowflake)),

  listSchemas: (session) =>
    withSession(session, async (snowflake) => {
      const rows = await allRows(session, snowflake, await snowflake.run(schemasSql))
      return { schemas: rows.map(([name]) => name ?? '') }
    }),

  listTables: (session, { schema }) =>
    withSession(session, async (snowflake) => {
      const rows = await allRows(session, snowflake, await snowflake.run(tablesSql, [schema]))
      const tables = rows.map(([of, name, kind]) => ({
        schema: of ?? '',
        name: name ?? '',
        type: kind?.includes('VIEW') ? ('view' as const) : ('table' as const),
      }))
      return { tables }
    }),

  preview: (session, input) =>
    withSession(session, async (snowflake) => {
      const { cellCharacters } = session.job.limits
      const result = await snowflake.run(selectSql(input.source, input.rows))
      const columns = readColumns(result.rowType)
      const rows = await allRows(session, snowflake, result, input.rows)
      return {
        columns: columns.map(({ name, type }) => ({ name, type })),
        rows: rows.map((row) => row.map((cell) => shortenCell(cell, cellCharacters))),
      }
    }),

  import: (session, input) =>
    withSession(session, async (snowflake) => {
      const result = await snowflake.run(selectSql(input.source, input.rowLimit))
      passed(session)
      return importResult(session, snowflake, result, input)
    }),
}

/** Signing in proves little: the last rung reads a row of a table, if there is any table. */
async function signIn(session: Session, snowflake: SnowflakeSession): Promise<Operations['signIn']['output']> {
  const about = await snowflake.run(aboutSql)
  const [version, database, warehouse] = readRow(readColumns(about.rowType), about.rows[0])
  if (database === null) throw new Refusal('database', 'db.not_found')
  if (warehouse === null) {
    const sentence = 'The warehouse does not exist, or this account may not use it.'
    const nextStep = 'Check the warehouse of the connection, or have USAGE on it granted to the role.'
    throw new Refusal('database', 'db.denied', { sentence, nextStep })
  }
  session.report.passed('database', 'The database and the warehouse are open to this account.')
  const [readable] = await rowsOf(snowflake, await snowflake.run(readableSql), 1)
  if (readable === undefined) {
    session.report.passed('read', 'This account sees no tables yet; the catalog of the database could be read.')
  } else {
    const [schema, table] = readable
    await snowflake.run(`SELECT 1 FROM ${quoteName(schema ?? '')}.${quoteName(table ?? '')} LIMIT 1`)
    session.report.passed('read', 'A row of a table could be read.')
  }
  return { serverVersion: (version ?? '').replace(/[^\x20-\x7e]/g, '').slice(0, 100) }
}

function passed(session: Session): void {
  session.report.passed('database', 'The database is open to this account.')
  session.report.passed('read', 'The data can be read.')
}

async function allRows(session: Session, snowflake: SnowflakeSession, result: Result, most = mostListed) {
  const rows = await rowsOf(snowflake, result, most)
  passed(session)
  return rows
}

async function rowsOf(snowflake: SnowflakeSession, result: Result, most: number): Promise<(string | null)[][]> {
  const columns = readColumns(result.rowType)
  const rows = result.rows.slice(0, most).map((row) => readRow(columns, row))
  for (let index = 1; index < result.parts && rows.length < most; index++) {
    for (const row of await snowflake.part(result, index)) {
      if (rows.length < most) rows.push(readRow(columns, row))
    }
  }
  return rows
}

async function importResult(
  session: Session,
  snowflake: SnowflakeSession,
  result: Result,
  target: Operations['import']['input'],
): Promise<Imported> {
  const columns = readColumns(result.rowType)
  if (columns.length === 0) throw new Refusal('read', 'read.denied', noColumns)
  // DuckDB takes a moment to load, and only imports need it.
  const { startParquet } = await import('../parquet.ts')
  const writer = await startParquet(target, columns.map(textColumn))
  let resume = () => {}
  const sink = new TextSink(writer, () => resume(), session.report.progress)
  const room = () => new Promise<void>((resolve) => (resume = resolve))
  const fill = async () => {
    for (let index = 0; index < result.parts; index++) {
      const rows = index === 0 ? result.rows : await snowflake.part(result, index)
      for (let at = 0; at < rows.length; at += rowsAtOnce) {
        if (sink.isFull) await room()
        const some = rows.slice(at, at + rowsAtOnce)
        sink.take(Buffer.from(textOf(columns, some), 'utf8'), some.length)
      }
    }
  }
  await Promise.race([fill(), sink.failed, writer.failed])
  await sink.end()
  return writer.finish()
}

const rowsAtOnce = 1_000

function textOf(columns: readonly SnowflakeColumn[], rows: readonly unknown[]): string {
  return rows.map((row) => textRow(readRow(columns, row))).join('')
}

const noColumns = { sentence: 'There are no columns to import.', nextStep: 'Choose another table, or name columns.' }

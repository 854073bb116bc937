import { Refusal } from '../diagnosis.ts'
import type { DriverClient, Operations, Session, Source } from '../driver.ts'
import { shortenCell } from '../shorten.ts'
import { type MysqlColumn, readColumns } from './mysql-columns.ts'
import { type Grants, readGrants } from './mysql-grants.ts'
import { importSource } from './mysql-import.ts'
import { type MysqlSession, withSession } from './mysql-session.ts'
import { describeSql, grantsSql, previewSql, quoteName, schemasSql, tablesSql, visibleSql } from './mysql-sql.ts'

/** The part of the drivers for MySQL and MariaDB that talks. Every operation reads in one read-only transaction. */
export const client: DriverClient = {
  signIn: (session) => withSession(session, (mysql) => signIn(session, mysql)),

  listSchemas: (session) =>
    withSession(session, async (mysql) => {
      const { rows } = await mysql.query(schemasSql)
      session.report.passed('read', 'The databases can be listed.')
      return { schemas: rows.map(([name]) => name ?? '') }
    }),

  listTables: (session, { schema }) =>
    withSession(session, async (mysql) => {
      const { rows } = await mysql.query(tablesSql(schema))
      session.report.passed('read', 'The tables can be listed.')
      return { tables: rows.map(tableEntry) }
    }),

  preview: (session, input) => withSession(session, (mysql) => preview(session, mysql, input)),

  import: (session, input) =>
    withSession(session, async (mysql) => {
      const columns = await describe(mysql, input.source)
      session.report.passed('read', 'The data can be read.')
      return importSource(session, mysql, columns, input)
    }),
}

/** Signing in proves little: the last rung reads a row of a table, if there is any table. */
async function signIn(session: Session, mysql: MysqlSession): Promise<Operations['signIn']['output']> {
  const lines = (await mysql.query(grantsSql)).rows.map(([line]) => line ?? '')
  const grants = readGrants(lines)
  await readSomething(session, mysql, grants)
  const product = productOf(session.job.driver, mysql)
  return {
    serverVersion: mysql.serverVersion,
    expiresAt: null,
    ...(product === undefined ? {} : { product }),
    privileges: grants.privileges,
  }
}

/** Tables are seen by those who may do anything with them, reading or not: some are tried. */
async function readSomething(session: Session, mysql: MysqlSession, { canRead }: Grants): Promise<void> {
  const { rows } = await mysql.query(visibleSql(session.job.parameters.database?.trim() ?? ''))
  let denied: unknown = new Refusal('read', 'read.denied', {
    nextStep: 'Have SELECT on the tables it needs granted to this account.',
  })
  for (const [schema, table] of rows) {
    try {
      await mysql.query(`SELECT 1 FROM ${quoteName(schema ?? '')}.${quoteName(table ?? '')} LIMIT 1`)
      session.report.passed('read', 'A row of a table could be read.')
      return
    } catch (error) {
      if (error instanceof Refusal) throw error
      denied = error
    }
  }
  if (rows.length > 0 || canRead === false) throw denied
  session.report.passed('read', 'There are no tables yet that this account can see; the catalog could be read.')
}

/** What it is, where that is not what the driver is called. */
function productOf(driver: string, { isMariaDb, serverVersion, comment }: MysqlSession): string | undefined {
  const said = `${serverVersion} ${comment}`
  const known = products.find((name) => said.toLowerCase().includes(name.toLowerCase()))
  if (known !== undefined) return known
  if (isMariaDb) return driver === 'mariadb' ? undefined : 'MariaDB'
  return driver === 'mysql' ? undefined : 'MySQL'
}

/** Servers that speak the protocol and say who they are. */
const products = ['TiDB', 'Percona Server', 'SingleStore', 'Vitess'] as const

function tableEntry([schema, name, kind]: readonly (string | null)[]) {
  const type = kind === 'VIEW' ? ('view' as const) : ('table' as const)
  return { schema: schema ?? '', name: name ?? '', type }
}

async function describe(mysql: MysqlSession, source: Source): Promise<MysqlColumn[]> {
  if (source.kind === 'query' && source.query.includes('\0')) {
    throw new Refusal('read', 'read.denied', {
      sentence: 'The query has a NUL character.',
      nextStep: 'Take it out.',
    })
  }
  return readColumns((await mysql.query(describeSql(source))).fields)
}

async function preview(session: Session, mysql: MysqlSession, input: Operations['preview']['input']) {
  const { cellCharacters } = session.job.limits
  const columns = await describe(mysql, input.source)
  const { rows } = await mysql.query(previewSql(input.source, columns, input.rows, cellCharacters))
  session.report.passed('read', 'The data can be read.')
  return {
    columns: columns.map(({ name, type }) => ({ name, type })),
    rows: rows.slice(0, input.rows).map((row) => row.map((text) => shortenCell(text, cellCharacters))),
  }
}

/** A column of a source: its name, and how its values become those of a DuckDB type. */
export type SqlServerColumn = {
  readonly name: string
  /** DuckDB's name of the type. */
  readonly type: string
  /** Makes what the server sends from the value. */
  readonly sent: (column: string) => string
  readonly isLong: boolean
}

type Kept = Omit<SqlServerColumn, 'name'>

/** Returns the column of a described result, from the type as SQL Server names it: `decimal(12,2)`. */
export function readColumn(name: string, declared: string): SqlServerColumn {
  const [, base = '', size = ''] = /^(\w+)(?:\(([\d,]+)\))?/.exec(declared) ?? []
  if (base === 'decimal' || base === 'numeric') {
    return { name, ...converted(`DECIMAL(${size})`, (c) => `CONVERT(varchar(50), ${c})`) }
  }
  return { name, ...(types.get(base) ?? asText('VARCHAR')) }
}

const asIs = (type: string): Kept => ({ type, sent: (c) => c, isLong: false })
const long = (type: string): Kept => ({ type, sent: (c) => c, isLong: true })
const converted = (type: string, sent: Kept['sent']): Kept => ({ type, sent, isLong: false })
const asText = (type: string): Kept => ({ type, sent: (c) => `CONVERT(nvarchar(max), ${c})`, isLong: true })
const described: Kept = { type: 'VARCHAR', sent: (c) => `${c}.ToString()`, isLong: true }

/** Style 121 has no opinion of where the reader is. DuckDB knows microseconds; a seventh digit is cut, not rounded. */
const moment = (c: string) => `LEFT(CONVERT(varchar(27), ${c}, 121), 26)`
const inUtc = (c: string) => moment(`CONVERT(datetime2(7), SWITCHOFFSET(${c}, '+00:00'))`)
/** Style 2 has all four digits behind the point. */
const money = (c: string) => `CONVERT(varchar(50), ${c}, 2)`

/**
 * The types that DuckDB has too. The server writes out what the client library would round, decimals and money, or shift,
 * dates and times. All others are kept as the text SQL Server makes of them.
 */
const types: ReadonlyMap<string, Kept> = new Map([
  ['bit', asIs('BOOLEAN')],
  ['tinyint', asIs('UTINYINT')],
  ['smallint', asIs('SMALLINT')],
  ['int', asIs('INTEGER')],
  ['bigint', asIs('BIGINT')],
  ['real', asIs('FLOAT')],
  ['float', asIs('DOUBLE')],
  ['money', converted('DECIMAL(19,4)', money)],
  ['smallmoney', converted('DECIMAL(10,4)', money)],
  ['date', converted('DATE', (c) => `CONVERT(varchar(10), ${c}, 23)`)],
  ['time', converted('TIME', (c) => `LEFT(CONVERT(varchar(16), ${c}, 121), 15)`)],
  ['datetime', converted('TIMESTAMP', moment)],
  ['smalldatetime', converted('TIMESTAMP', moment)],
  ['datetime2', converted('TIMESTAMP', moment)],
  ['datetimeoffset', converted('TIMESTAMP WITH TIME ZONE', inUtc)],
  ['uniqueidentifier', asIs('UUID')],
  ['char', long('VARCHAR')],
  ['varchar', long('VARCHAR')],
  ['nchar', long('VARCHAR')],
  ['nvarchar', long('VARCHAR')],
  ['binary', long('BLOB')],
  ['varbinary', long('BLOB')],
  ['timestamp', long('BLOB')],
  ['rowversion', long('BLOB')],
  ['image', { type: 'BLOB', sent: (c) => `CONVERT(varbinary(max), ${c})`, isLong: true }],
  ['json', asText('JSON')],
  ['hierarchyid', described],
  ['geometry', described],
  ['geography', described],
])

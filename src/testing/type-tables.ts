import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { packageRoot } from '../package-root.ts'

/** The values a driver's test imports, by the types of the source as `docs/types.md` names them. */
export type TypeTable<Case extends TypeCase> = Readonly<Record<string, readonly Case[]>>

/** What becomes of a value of the source: its type in the file. */
export type TypeCase = { readonly type: string }

/** Returns each row of a table of types with the types in a file that its values have. */
export function becomes(table: TypeTable<TypeCase>): [source: string, types: string[]][] {
  return Object.entries(table).map(([source, cases]) => [source, unique(cases.map(({ type }) => shape(type)))])
}

/** Returns each row of a table of `docs/types.md`, by the title above it, with the types it says there will be. */
export function documentedTypes(title: string): [source: string, types: string[]][] {
  const page = readFileSync(join(packageRoot(), 'docs/types.md'), 'utf8')
  const section = page.split(/^##+ /m).find((text) => text.startsWith(`${title}\n`)) ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| --- '))
  return rows.slice(1).map((row) => {
    const [, source = '', types = ''] = row.split(/(?<!\\)\|/)
    return [plain(source), unique(Array.from(types.matchAll(/`([^`]+)`/g), ([, type]) => type ?? ''))]
  })
}

/** Returns what a Parquet file holds, as DuckDB reads it: the types of its columns, then its rows as text. */
export async function readTypes(file: string): Promise<{ types: string[]; rows: (string | null)[][] }> {
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  try {
    await connection.run("SET TimeZone = 'UTC'")
    const described = (await connection.runAndReadAll(`DESCRIBE SELECT * FROM '${file}'`)).getRows()
    // A mark before each value: the library takes a byte-order mark off the beginning of what it hands over.
    const cells = described.map(([name]) => `'=' || "${String(name).replaceAll('"', '""')}"::VARCHAR`)
    const read = await connection.runAndReadAll(`SELECT ${cells.join(', ')} FROM '${file}'`)
    const rows = read.getRows().map((row) => row.map((cell) => (cell === null ? null : String(cell).slice(1))))
    return { types: described.map(([, type]) => String(type)), rows }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** The digits of a decimal are those of the source's type; the page writes letters for them. */
function shape(type: string): string {
  return type.replace(/^DECIMAL\(\d+,(\d+)\)$/, (_, scale) => (scale === '0' ? 'DECIMAL(p,0)' : 'DECIMAL(p,s)'))
}

function plain(cell: string): string {
  return cell.replaceAll('`', '').replaceAll('\\|', '|').trim()
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].sort()
}

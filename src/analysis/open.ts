import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { quoteName, quoteText } from '../connector/duckdb.ts'
import { queryKey } from '../names.ts'
import type { NamedFile } from './analysis.ts'
import type { FoundJob, Room } from './messages.ts'

/** The database of one job: a view for each of its files, and nothing else in reach. */
export type Workplace = {
  readonly connection: DuckDBConnection
  /** Of its files, as `queryKey` has them. */
  readonly names: ReadonlySet<string>
}

/**
 * Opens a database in memory that may read the job's files and write to `output`, can reach nothing else, and cannot be
 * told to. Throws `UnreadableFile` for a file that is gone or is no Parquet file.
 */
export async function openWorkplace(
  { files }: Pick<FoundJob, 'files'>,
  room: Room,
  output: string | null,
): Promise<Workplace> {
  const { limits, scratch, threads } = room
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: `${limits.memoryMegabytes}MB`,
    // What it puts on the disk is data of people too. Its keys need no better source of chance than the library has: they
    // never leave the process, and a folder that only this account can read is around the files.
    ...(scratch === null ? { temp_directory: '' } : { temp_directory: scratch, temp_file_encryption: 'true' }),
    max_temp_directory_size: `${Math.max(1, limits.scratchMegabytes)}MB`,
    force_mbedtls_unsafe: 'true',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  const connection = await instance.connect()
  const within = [...files.map(({ path }) => path), ...(output === null ? [] : [output])]
  await run(connection, [
    `SET allowed_paths = [${within.map(quoteText).join(', ')}]`,
    'SET enable_external_access = false',
    "SET TimeZone = 'UTC'",
    'SET preserve_insertion_order = false',
    'SET enable_progress_bar = true',
    'SET enable_progress_bar_print = false',
    'SET progress_bar_time = 0',
  ])
  for (const file of files) await addView(connection, file)
  await run(connection, ['SET lock_configuration = true'])
  return { connection, names: new Set(files.map(({ name }) => queryKey(name))) }
}

/** A stored file is not there, or is not what it should be. */
export class UnreadableFile extends Error {}

async function addView(connection: DuckDBConnection, { name, path }: NamedFile): Promise<void> {
  try {
    await run(connection, [`CREATE VIEW ${quoteName(name)} AS SELECT * FROM read_parquet(${quoteText(path)})`])
  } catch {
    throw new UnreadableFile(name)
  }
}

async function run(connection: DuckDBConnection, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await connection.run(statement)
}

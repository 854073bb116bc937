import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeParquet } from '../testing/parquet-file.ts'
import type { Room } from './messages.ts'
import { openWorkplace, UnreadableFile } from './open.ts'

// What is run here is run past the check of statements, as if that had a hole: DuckDB itself must refuse.

let folder: string
let own: string
let foreign: string
let output: string
let connection: DuckDBConnection

const limits = { milliseconds: 1_000, memoryMegabytes: 64, scratchMegabytes: 0, resultMegabytes: 1 }
const room: Room = { limits, scratch: null, threads: 1 }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-open-'))
  own = join(folder, 'own.parquet')
  foreign = join(folder, 'foreign.parquet')
  output = join(folder, 'result.parquet')
  await makeParquet(own, 'SELECT i AS id FROM range(1000) t(i)')
  await makeParquet(foreign, "SELECT 'somebody else''s' AS secret")
  writeFileSync(join(folder, 'table.csv'), 'secret\nsomebody else\n')
  connection = (await openWorkplace({ files: [{ name: 'Own "file"', path: own }] }, room, output)).connection
})

afterAll(() => {
  connection.closeSync()
  rmSync(folder, { recursive: true })
})

async function ask(sql: string): Promise<unknown> {
  const answer = await connection.runAndReadAll(sql)
  return answer.getRows().map((row) => row.map(String))
}

describe('The database of a job', () => {
  const refused: readonly (readonly [what: string, sql: () => string, words: RegExp])[] = [
    ['a file as CSV', () => "FROM read_csv('/etc/passwd')", /^Permission Error/],
    ['a file as text', () => "FROM read_text('/etc/passwd')", /^Permission Error/],
    ['its own environment', () => "FROM read_text('/proc/self/environ')", /^Permission Error/],
    ['a file by its name alone', () => `FROM '${folder}/table.csv'`, /^Permission Error/],
    ['another dataset as text', () => `FROM read_text('${foreign}')`, /^Permission Error/],
    ['another dataset', () => `FROM read_parquet('${foreign}')`, /^Permission Error/],
    ['another dataset by way of its own', () => `FROM read_parquet('${own}/../foreign.parquet')`, /^Permission Error/],
    ['its own by a pattern', () => `FROM read_parquet('${folder}/*.parquet')`, /^Permission Error/],
    ['what is inside of another file', () => `FROM parquet_metadata('${foreign}')`, /^Permission Error/],
    ['the names of files', () => `FROM glob('${folder}/*')`, /^Permission Error/],
    ['a web address', () => "FROM 'https://127.0.0.1:1/x.parquet'", /^Permission Error/],
    ['the environment', () => "SELECT getenv('PATH')", /^Catalog Error.*getenv/],
    ['COPY TO a file', () => `COPY (SELECT 1) TO '${folder}/out.csv'`, /^Permission Error/],
    ['COPY TO another dataset', () => `COPY (SELECT 1) TO '${foreign}'`, /^Permission Error/],
    ['EXPORT', () => `EXPORT DATABASE '${folder}/export'`, /^Permission Error/],
    ['ATTACH', () => `ATTACH '${folder}/x.db'`, /^Permission Error/],
    ['INSTALL', () => 'INSTALL httpfs', /^Permission Error/],
    ['LOAD', () => 'LOAD httpfs', /^Permission Error/],
    ['LOAD of a file', () => `LOAD '${folder}/x.duckdb_extension'`, /^Permission Error/],
    ['SET enable_external_access', () => 'SET enable_external_access = true', /configuration has been locked/],
    ['RESET enable_external_access', () => 'RESET enable_external_access', /configuration has been locked/],
    ['SET allowed_paths', () => `SET allowed_paths = ['${foreign}']`, /configuration has been locked/],
    ['SET allowed_directories', () => `SET allowed_directories = ['${folder}']`, /configuration has been locked/],
    ['SET memory_limit', () => "SET memory_limit = '10GB'", /configuration has been locked/],
    ['SET threads', () => 'SET threads = 64', /configuration has been locked/],
    ['SET temp_directory', () => `SET temp_directory = '${folder}/spill'`, /configuration has been locked/],
    ['SET lock_configuration', () => 'SET lock_configuration = false', /configuration has been locked/],
    ['PRAGMA', () => "PRAGMA memory_limit = '10GB'", /configuration has been locked/],
  ]

  test.each(refused)('refuses %s by itself', async (_, sql, words) => {
    const before = readdirSync(folder).sort()
    await expect(ask(sql())).rejects.toThrow(words)
    expect(readdirSync(folder).sort()).toEqual(before)
  })

  test('reads its files by their names, and computes', async () => {
    expect(await ask('SELECT count(*), sum(id) FROM "own ""FILE"""')).toEqual([['1000', '499500']])
  })

  test('writes its result, and that alone', async () => {
    expect(await ask(`COPY (SELECT 1 AS one) TO '${output}' (FORMAT parquet, USE_TMP_FILE false)`)).toEqual([['1']])
    expect(existsSync(output)).toBe(true)
    rmSync(output)
  })

  test('that has no folder on the disk fails for what does not fit into memory', async () => {
    const sort =
      'SELECT max(x) FROM (SELECT md5(a::VARCHAR) || md5(b::VARCHAR) AS x FROM range(3000) t(a), range(1000) u(b) ORDER BY x LIMIT 1 OFFSET 2000000)'
    await expect(ask(sort)).rejects.toThrow(/^Out of Memory Error/)
    expect(await ask("SELECT current_setting('temp_directory')")).toEqual([['']])
  })

  test('that has one encrypts what it puts there', async () => {
    const scratch = join(folder, 'scratch')
    const other = await openWorkplace({ files: [] }, { ...room, scratch }, null)
    const setting = async (name: string) =>
      (await other.connection.runAndReadAll(`SELECT current_setting('${name}')::VARCHAR`)).getRows()[0]?.[0]
    expect([await setting('temp_directory'), await setting('temp_file_encryption')]).toEqual([scratch, 'true'])
    other.connection.closeSync()
  })

  test('of a file that is gone is not opened', async () => {
    const gone = { name: 'gone', path: join(folder, 'gone.parquet') }
    await expect(openWorkplace({ files: [gone] }, room, null)).rejects.toThrow(UnreadableFile)
  })
})

import { spawnSync } from 'node:child_process'
import { closeSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { startMariaDb } from '../src/testing/mariadb-server.ts'
import { provide } from '../src/testing/provision.ts'
import { basicAccount, figuresOf, inTurns, snapshots } from './import.ts'
import type { Measurement } from './measurement.ts'

const rows = 2_000_000
const rounds = 5
const password = 'correct horse battery staple'

/** A table of a MariaDB into the catalog, against its own client writing it into a file. */
export const importFromMariaDb: Measurement = {
  name: 'import-mariadb',
  title: `seconds for ${rows.toLocaleString('en')} rows of 6 columns, from asking for a dataset to its completed version, in turns with mariadb --quick --batch; medians of ${rounds}`,
  minutes: 8,
  async measure(bench) {
    const program = provide('mariadb')
    const folder = bench.folder()
    const server = await startMariaDb(folder, ['--innodb-buffer-pool-size=512M'])
    if (program === undefined || server === undefined) throw new Error('It needs MariaDB, which is not installed.')
    bench.defer(() => server.stop())
    for (const text of ['CREATE DATABASE bench', account, 'GRANT SELECT ON bench.* TO reader']) await server.sql(text)
    await server.sql(table, 'bench')
    const create = await snapshots(bench, {
      driver: 'mariadb',
      parameters: { host: '127.0.0.1', port: String(server.port), database: 'bench', tls: 'disable' },
      account: basicAccount({ user: 'reader', password }),
      schema: 'bench',
    })
    const file = join(folder, 'measured.txt')
    const pairs = await inTurns(
      rounds,
      async () => copy(program, server.port, file),
      () => create('measured', rows),
    )
    return figuresOf(pairs, { them: 'mariadb', rows, limit: 1.5 })
  },
}

const account = `CREATE USER reader IDENTIFIED BY '${password}'`

const table = `
  CREATE TABLE measured (
    id int PRIMARY KEY, big bigint, amount decimal(12, 2), at timestamp(3) NULL, name varchar(60), flag bit(1)
  ) AS
  SELECT seq AS id, seq * 7919 AS big, (seq % 1000000) / 100 AS amount,
    TIMESTAMP'2026-04-01 00:00:00' + INTERVAL seq SECOND AS at, CONCAT('customer ', MD5(seq)) AS name,
    seq % 3 = 0 AS flag
  FROM seq_1_to_${rows}`

/** Has MariaDB's client write the table to `file`; returns its seconds. */
function copy(program: string, port: number, file: string): number {
  const address = ['--no-defaults', '--host=127.0.0.1', `--port=${port}`, '--user=reader', '--skip-ssl']
  const out = openSync(file, 'w')
  const env = { PATH: process.env.PATH, MYSQL_PWD: password }
  const begun = performance.now()
  const words = [...address, '--quick', '--batch', '-e', 'SELECT * FROM measured', 'bench']
  const { status, stderr } = spawnSync(program, words, { env, stdio: ['ignore', out, 'pipe'], encoding: 'utf8' })
  const seconds = (performance.now() - begun) / 1000
  closeSync(out)
  if (status !== 0) throw new Error(`mariadb failed: ${stderr}`)
  rmSync(file)
  return seconds
}

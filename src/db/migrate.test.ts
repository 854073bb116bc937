import pg from 'pg'
import PgBoss from 'pg-boss'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabase } from '../testing/database.ts'
import { journal, migrate } from './migrate.ts'
import { queueSchema, refreshQueue } from './queue-schema.ts'

let database: TestDatabase
let owner: pg.Client
let app: pg.Client

beforeAll(async () => {
  database = await testDatabase()
  owner = new pg.Client(database.ownerUrl)
  app = new pg.Client(database.url)
  await Promise.all([owner.connect(), app.connect()])
})

afterAll(async () => {
  await owner.end()
  await app.end()
  await database.close()
})

describe('the journal of migrations', () => {
  it('lists them in the order of their times, or drizzle would skip one in silence', () => {
    const entries = journal()
    const times = entries.map((entry) => entry.when)
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b))
    expect(entries.map((entry) => entry.idx)).toEqual(entries.map((_, index) => index))
  })
})

describe('migrate', () => {
  it('on a migrated database, three at once, changes nothing', async () => {
    const applied = async () => (await owner.query('select * from drizzle.__drizzle_migrations order by id')).rows
    const before = await applied()
    await Promise.all([1, 2, 3].map(() => migrate(database.ownerUrl, 'keyward_app')))
    expect(await applied()).toEqual(before)
  })

  it('on a database that a newer version migrated, refuses and says what to do', async () => {
    await owner.query("insert into drizzle.__drizzle_migrations (hash, created_at) values ('later', 9999999999999)")
    await expect(migrate(database.ownerUrl)).rejects.toThrow(/newer version of Keyward.*Start that version again/)
    await owner.query("delete from drizzle.__drizzle_migrations where hash = 'later'")
  })
})

describe('the ledger in the database', () => {
  it.each(['update audit_entries set action = action', 'delete from audit_entries', 'truncate audit_entries'])(
    'refuses "%s" from the running server and from the owner',
    async (statement) => {
      await expect(app.query(statement)).rejects.toThrow(/permission denied/)
      await expect(owner.query(statement)).rejects.toThrow(/final/)
    },
  )
})

describe('the role of the running server', () => {
  it('cannot make or drop tables, nor change the ledger trigger', async () => {
    await expect(app.query('create table mine (id int)')).rejects.toThrow(/permission denied/)
    await expect(app.query('drop table audit_entries')).rejects.toThrow(/must be owner/)
    await expect(app.query('alter table audit_entries disable trigger all')).rejects.toThrow(/must be owner/)
  })
})

describe('the queue in the database', () => {
  it('belongs to the owner; the running server sends and takes jobs, and makes no queue and no table', async () => {
    const owned = await owner.query('select tableowner from pg_tables where schemaname = $1', [queueSchema])
    expect(new Set(owned.rows.map((row) => row.tableowner))).toEqual(new Set(['keyward_owner']))
    await app.query(`insert into ${queueSchema}.job (name) values ($1)`, [refreshQueue])
    await app.query(`delete from ${queueSchema}.job`)
    await expect(app.query(`select ${queueSchema}.create_queue('other', '{}')`)).rejects.toThrow(/permission denied/)
    await expect(app.query(`create table ${queueSchema}.mine (id int)`)).rejects.toThrow(/permission denied/)
  })

  it('of an older version of its library, is upgraded by the next migration', async () => {
    const version = async () => (await owner.query(`select version from ${queueSchema}.version`)).rows[0].version
    const present = await version()
    await owner.query(PgBoss.getRollbackPlans(queueSchema))
    expect(await version()).toBe(present - 1)
    await migrate(database.ownerUrl, 'keyward_app')
    expect(await version()).toBe(present)
  })
})

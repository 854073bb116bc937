import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestDatabase, testCluster, testDatabase } from '../testing/database.ts'
import { connect } from './client.ts'
import { withClient } from './one-client.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
})

afterAll(() => database.close())

/** Ends every connection to the test's database, as a restart of the server would. */
function cutConnections(): Promise<unknown> {
  const name = new URL(database.url).pathname.slice(1)
  return withClient(testCluster().superuserUrl, (client) =>
    client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]),
  )
}

describe('a pool whose connections the server ends again and again', () => {
  it('fails what was running and nothing after it', async () => {
    const { db, close } = connect(database.url, 5)
    let busy = true
    const work = async () => {
      while (busy) {
        await db
          .transaction(async (tx) => {
            await tx.execute(sql`select 1`)
            await new Promise((resolve) => setTimeout(resolve, 1))
            await tx.execute(sql`select pg_sleep(0.002)`)
          })
          .catch(() => {})
        await db.execute(sql`select 1`).catch(() => {})
      }
    }
    const workers = Array.from({ length: 20 }, work)
    for (let cut = 0; cut < 10; cut++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      await cutConnections()
    }
    busy = false
    await Promise.all(workers)
    const answers = await Promise.all(Array.from({ length: 20 }, () => db.execute(sql`select 42 as answer`)))
    expect(answers.map(({ rows }) => rows[0]?.answer)).toEqual(Array(20).fill(42))
    await close()
  })
})

describe('close', () => {
  it('with a statement that would run for minutes, ends all the same', async () => {
    const { db, close } = connect(database.url, 2)
    const slow = db.execute(sql`select pg_sleep(600)`).then(
      () => 'finished',
      () => 'cut',
    )
    await db.execute(sql`select 1`)
    await close()
    expect(await slow).toBe('cut')
  })
})

describe('a transaction', () => {
  it('that throws leaves nothing, and what it threw arrives', async () => {
    const { db, close } = connect(database.url, 2)
    const thrown = new Error('stop')
    const work = db.transaction(async (tx) => {
      await tx.execute(sql`insert into throttles (key, failures, window_ends_at) values ('a', 1, now())`)
      throw thrown
    })
    await expect(work).rejects.toBe(thrown)
    expect((await db.execute(sql`select * from throttles`)).rows).toEqual([])
    await close()
  })
})

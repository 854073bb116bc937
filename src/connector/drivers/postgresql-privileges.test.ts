import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { testConnector, testJob } from '../../testing/jobs.ts'
import { startTarget, type Target, targetPassword } from '../../testing/target.ts'
import { postgresql } from './postgresql.ts'
import { askPrivileges } from './postgresql-privileges.ts'

let target: Target
const connector = testConnector()

beforeAll(async () => {
  target = await startTarget()
  const role = (name: string, more = '') => target.sql(`CREATE ROLE ${name} LOGIN ${more} PASSWORD '${targetPassword}'`)
  for (const name of ['inserter', 'truncater', 'columnist', 'maker', 'founder', 'barred']) await role(name)
  await role('ruler', 'SUPERUSER')
  const grants = [
    'GRANT SELECT ON ALL TABLES IN SCHEMA public TO inserter, truncater, columnist, maker, founder, barred',
    'GRANT INSERT ON orders TO inserter',
    'GRANT TRUNCATE ON orders TO truncater',
    'GRANT UPDATE (amount) ON orders TO columnist',
    'GRANT CREATE ON SCHEMA public TO maker',
    'GRANT CREATE ON DATABASE shop TO founder',
    // Behind the door of a schema that cannot be entered, a right is none.
    'GRANT INSERT ON secret.salaries TO reader',
  ]
  for (const grant of grants) await target.sql(grant, 'shop')
})
afterAll(async () => {
  await connector.close()
  await target.close()
})

async function seen(username: string, database = 'shop') {
  const job = testJob('signIn', {}, { port: target.port, username, database })
  const outcome = await connector.run(job, { userId: 'ada' })
  if (!outcome.ok) throw new Error(outcome.code)
  return outcome.value.privileges
}

describe('A sign-in', () => {
  test.each(['inserter', 'truncater', 'columnist', 'maker', 'founder'])(
    'of %s sees that it can write',
    async (name) => {
      expect(await seen(name)).toEqual({ superuser: false, canWrite: true })
    },
  )

  test('of an account that only reads sees that, and of a superuser what it is', async () => {
    expect(await seen('reader')).toEqual({ superuser: false, canWrite: false })
    expect(await seen('ruler')).toEqual({ superuser: true, canWrite: true })
    expect(await seen('reader', 'empty')).toEqual({ superuser: false, canWrite: false })
  })

  test('works as well where the server refuses to tell', async () => {
    await target.sql('REVOKE EXECUTE ON FUNCTION pg_catalog.has_database_privilege(text, text) FROM PUBLIC', 'shop')
    expect(await seen('barred')).toBeUndefined()
  })
})

describe('What an account may do', () => {
  afterEach(() => void vi.useRealTimers())
  const row = { fields: [], rows: [['f', 't']] }

  test('is asked for before the question before it is answered', async () => {
    const query = vi.fn(async () => row)
    let answerFirst = () => {}
    const asking = askPrivileges({ query }, new Promise<void>((resolve) => (answerFirst = resolve)))
    expect(query).toHaveBeenCalledOnce()
    answerFirst()
    expect(await asking).toEqual({ superuser: false, canWrite: true })
  })

  test('is waited for from when the question before it was answered', async () => {
    vi.useFakeTimers()
    const query = () => new Promise<typeof row>((resolve) => setTimeout(() => resolve(row), 11_000))
    const first = new Promise((resolve) => setTimeout(resolve, 10_000))
    const slow = new Promise((resolve) => setTimeout(resolve, 8_000))
    const both = Promise.all([askPrivileges({ query }, first), askPrivileges({ query }, slow)])
    await vi.advanceTimersByTimeAsync(12_000)
    expect(await both).toEqual([{ superuser: false, canWrite: true }, undefined])
  })

  test('is not waited for where the question before it failed', async () => {
    const never = () => new Promise<typeof row>(() => {})
    await expect(askPrivileges({ query: never }, Promise.reject(new Error('denied')))).rejects.toThrow('denied')
  })
})

describe('The statements for a read-only account', () => {
  const statements = (database: string, username: string) =>
    postgresql.readOnlyStatements?.({ database }, username) ?? ''

  test('quote every name that somebody else chose', () => {
    const text = statements('sa"les; drop database x', 'ada"; drop role ada; --')
    expect(text).toContain('CREATE ROLE "ada""; drop role ada; --_readonly" LOGIN;')
    expect(text).toContain('GRANT CONNECT ON DATABASE "sa""les; drop database x" TO')
  })

  test('name an account that is not cut to the one it should replace', () => {
    const [, name = ''] = /"([^"]+)"/.exec(statements('sales', 'ä'.repeat(40))) ?? []
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63)
    expect(name.endsWith('_readonly')).toBe(true)
  })

  test('work as they are', async () => {
    await target.sql(statements('shop', 'inserter'), 'shop')
    await target.sql(`ALTER ROLE inserter_readonly PASSWORD '${targetPassword}'`)
    const job = testJob('signIn', {}, { port: target.port, username: 'inserter_readonly' })
    expect((await connector.run(job, { userId: 'ada' })).ok).toBe(true)
  })
})

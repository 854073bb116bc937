import { hash } from '@node-rs/argon2'
import { eq } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { users } from '../db/schema/organizations.ts'
import { Secret } from '../secrets/secret.ts'
import { testPassword } from '../testing/actors.ts'
import { testApp } from '../testing/app.ts'
import { createPasswords } from './passwords.ts'
import { createQueue, TooManySignIns } from './queue.ts'

const passwords = createPasswords()
const problem = (text: string, about: string[] = []) => passwords.problem(new Secret(text), about)

describe('A4 a password', () => {
  test('hashed, costs at least what OWASP asks for and is salted', async () => {
    const [one, two] = [await passwords.hash(new Secret(testPassword)), await passwords.hash(new Secret(testPassword))]
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(one).not.toBe(two)
  })

  test('compared, counts every byte: case, spaces at the ends, Unicode form, NUL and beyond 72 bytes', async () => {
    const long = 'x'.repeat(100)
    const pairs = [
      [testPassword, testPassword.toUpperCase()],
      [testPassword, `${testPassword} `],
      ['r\u00e9sum\u00e9 of a career', 're\u0301sume\u0301 of a career'],
      ['before\u0000after the null', 'before\u0000later the null'],
      [`${long}a`, `${long}b`],
    ] as const
    for (const [right, wrong] of pairs) {
      const stored = await passwords.hash(new Secret(right))
      expect(await passwords.matches(new Secret(right), stored)).toBe(true)
      expect(await passwords.matches(new Secret(wrong), stored)).toBe(false)
    }
  })

  test('compared with no account, never matches, not even the decoy', async () => {
    expect(await passwords.matches(new Secret('nobody has this password'), null)).toBe(false)
    expect(await passwords.matches(undefined, null)).toBe(false)
  })

  test('of fewer than 15 characters, is refused; of 64 and of 1024, is not', async () => {
    expect(await problem('qzx mvw plk 14')).toMatch(/at least 15 characters/)
    expect(await problem('🦊🦉🐌🦔🐙🦀🐝')).toMatch(/at least 15 characters/)
    expect(await problem('quartz lantern mosaic velvet orbit harbor pebble thistle candle x')).toBeNull()
    const random = Array.from({ length: 1024 }, (_, index) =>
      String.fromCharCode(97 + ((index * index * 7 + index * 3) % 26)),
    ).join('')
    expect(await problem(random)).toBeNull()
    expect(await problem(`${random}x`)).toMatch(/1024 characters or fewer/)
    expect(await passwords.problem(undefined, [])).toBe('Enter a password.')
  })

  test('without capitals, digits or signs, is taken', async () => {
    expect(await problem('quartz lantern mosaic velvet')).toBeNull()
  })

  test('that lists or people would guess, is refused', async () => {
    for (const text of [
      'passwordpassword',
      '123456789012345',
      'aaaaaaaaaaaaaaaaaaaa',
      'qwertyuiopasdfghjkl',
      'iloveyouiloveyou',
    ]) {
      expect(await problem(text), text).toMatch(/easy to guess/)
    }
    expect(await problem('lovelace@example.com', ['lovelace@example.com', 'Ada Lovelace'])).toMatch(/easy to guess/)
  })

  test('hashed with less than today, is hashed again when its owner signs in', async () => {
    const app = await testApp()
    const cheap = await hash(testPassword, { memoryCost: 8192, timeCost: 1, parallelism: 1 })
    await app.db.update(users).set({ passwordHash: cheap }).where(eq(users.id, app.ada.id))
    await app.signInAs(app.ada)
    const [user] = await app.db.select().from(users).where(eq(users.id, app.ada.id))
    expect(user?.passwordHash).toContain('$m=19456,t=2,p=1$')
    await app.signInAs(app.ada)
    const [same] = await app.db.select().from(users).where(eq(users.id, app.ada.id))
    expect(same?.passwordHash).toBe(user?.passwordHash)
    await app.close()
  })

  test('of a hash stronger than today, is left alone', () => {
    expect(passwords.isOutdated('$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$aGFzaA')).toBe(false)
    expect(passwords.isOutdated('$argon2id$v=19$m=19456,t=1,p=1$c2FsdA$aGFzaA')).toBe(true)
    expect(passwords.isOutdated('$2b$12$something')).toBe(true)
  })
})

describe('A4 hashing', () => {
  test('of many at once, runs as many as allowed, keeps some waiting and refuses the rest', async () => {
    const queued = createQueue({ width: 2, waiting: 3, milliseconds: 5_000 })
    let running = 0
    let most = 0
    const task = async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running -= 1
    }
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => queued(task)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    expect(refused.every((reason) => reason instanceof TooManySignIns)).toBe(true)
    expect(most).toBe(2)
    await queued(task)
  })

  test('that fails, gives its place back', async () => {
    const queued = createQueue({ width: 1, waiting: 0, milliseconds: 5_000 })
    await expect(queued(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await queued(async () => 'yes')).toBe('yes')
  })

  test('that waited too long, is refused and leaves the queue', async () => {
    const queued = createQueue({ width: 1, waiting: 5, milliseconds: 1 })
    let finish = () => {}
    const first = queued(
      () =>
        new Promise<void>((resolve) => {
          finish = resolve
        }),
    )
    await expect(queued(async () => 'second')).rejects.toThrow(TooManySignIns)
    finish()
    await first
    expect(await queued(async () => 'third')).toBe('third')
  })
})

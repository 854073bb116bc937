import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { associations, credentials } from '../db/schema/credentials.ts'
import { Secret } from '../secrets/secret.ts'
import { addUser } from '../testing/actors.ts'
import { addConnection, type TestDomain, testDomain } from '../testing/domain.ts'
import type { AttentionFilter } from './attention.ts'
import type { CredentialListing, CredentialSort } from './listing.ts'

let domain: TestDomain
let ada: UserActor

beforeAll(async () => {
  domain = await testDomain()
  ada = domain.ada
})
afterAll(() => domain.close())

async function store(owner: UserActor, name: string, username = 'reporting', connectionIds: string[] = []) {
  const fields = { username: new Secret(username), password: new Secret('correct horse') }
  const made = await domain.vault.create(owner, { type: 'basic', name, description: '', fields, connectionIds })
  if (!made.ok) throw new Error(made.error)
  return made.id
}

async function namesOf(owner: UserActor, listing: CredentialListing): Promise<readonly string[]> {
  return (await domain.credentialQueries.list(owner, listing)).rows.map(({ name }) => name)
}

describe('A search', () => {
  it.each([
    ['ecole', 'École Straße'],
    ['ÉCOLE', 'École Straße'],
    ['strasse', 'École Straße'],
    ['STRAẞE', 'École Straße'],
    ['le str', 'École Straße'],
    ['ａｂｃ', 'abc_100%'],
    ['0%', 'abc_100%'],
    ['c_1', 'abc_100%'],
    ['svc.pay', 'Payments'],
    ['ÝMENTS', 'Payments'],
    ['s', 'Payments, École Straße'],
    ['東', '東京'],
    ['<script>', "<script>alert('x')</script>"],
  ])('for %j finds what has it in any part of name or username, whatever its case and accents', async (text, found) => {
    const carl = await searched()
    expect((await namesOf(carl, { text })).filter((name) => found.includes(name))).toEqual(found.split(', '))
    expect(await domain.credentialQueries.matching(carl, { text }, 10)).not.toEqual([])
  })

  it.each(['%', '_c_', 'nothing of this', 'zz', 'ж', 'ments svc'])('for %j finds no more than that', async (text) => {
    const names = await namesOf(await searched(), { text })
    expect(names).toEqual(text === '%' ? ['abc_100%'] : [])
  })

  it('finds an account by its new name and username, and no longer by the old ones', async () => {
    const carl = await addUser(domain.db, ada.organizationId, 'Renamer')
    const id = await store(carl, 'Old name', 'old_user')
    const typed = { text: (field: string) => (field === 'username' ? 'new_user' : undefined), cleared: () => false }
    await domain.vault.edit(carl, id, { revision: 1, name: 'Neuer Name', description: '', typed })
    expect(await namesOf(carl, { text: 'neuer' })).toEqual(['Neuer Name'])
    expect(await namesOf(carl, { text: 'new_us' })).toEqual(['Neuer Name'])
    expect(await namesOf(carl, { text: 'old' })).toEqual([])
  })

  let carl: Promise<UserActor> | undefined
  function searched(): Promise<UserActor> {
    carl ??= addUser(domain.db, ada.organizationId, 'Carl').then(async (owner) => {
      await store(owner, 'École Straße', 'x')
      await store(owner, 'abc_100%', 'y')
      await store(owner, 'Payments', 'svc.pay')
      await store(owner, '東京', 'tokio')
      await store(owner, "<script>alert('x')</script>", 'z')
      return owner
    })
    return carl
  }
})

describe('A list of more than a glance', () => {
  let dora: UserActor

  /** 1,200 accounts with nothing sealed: lists read no secret. One in twenty is rare, and the last by name is alone. */
  beforeAll(async () => {
    dora = await addUser(domain.db, ada.organizationId, 'Dora')
    await domain.db.execute(sql`
      insert into credentials (id, organization_id, owner_id, name, name_key, search_key, type, username, current_version,
        created_at, last_used_at, expires_at, paused_at)
      select gen_random_uuid(), ${dora.organizationId}, ${dora.id}, label, label, label, case when n % 20 = 0 then 's3' else 'basic' end,
        null, 1, now() - interval '100 days', case when n % 20 = 1 then null else now() - n * interval '1 minute' end,
        case when n % 20 = 2 then now() - n * interval '1 minute' when n % 20 = 3 then now() + n * interval '1 minute' end,
        case when n % 20 = 4 then now() end
      from generate_series(1, 1200) n,
        lateral (select 'account ' || lpad(n::text, 4, '0') || case when n = 1200 then ' alone' else '' end as label) named`)
  })

  const everySort: CredentialSort[] = ['name', 'used', 'created', 'expires']
  const filters: [string, CredentialListing, number][] = [
    ['no filter', {}, 1200],
    ['a search that all match', { text: 'COUNT' }, 1200],
    ['a search that some match', { text: '00' }, 120],
    ['a search that one matches', { text: 'alone' }, 1],
    ['a search that none matches', { text: 'nowhere' }, 0],
    ['a rare type', { type: 's3' }, 60],
    ['unused', { attention: 'unused' }, 60],
    ['expired', { attention: 'expired' }, 60],
    ['expiring', { attention: 'expiring' }, 60],
    ['refused', { attention: 'refused' }, 60],
    ['any attention', { attention: 'any' }, 240],
    ['a search and attention', { text: 'account 00', attention: 'any' }, 20],
    ['a type and attention', { type: 'basic', attention: 'refused' }, 60],
  ]

  it.each(filters)('with %s shows every row once, whatever the order, page by page', async (_what, filter, count) => {
    for (const sort of everySort) {
      const seen: string[] = []
      for (let after: string | null | undefined; after !== null; ) {
        const page = await domain.credentialQueries.list(dora, { ...filter, sort, after })
        seen.push(...page.rows.map(({ name }) => name))
        after = page.next
        if (after !== null) expect(page.rows).toHaveLength(50)
      }
      expect(new Set(seen).size, sort).toBe(seen.length)
      expect(seen, sort).toHaveLength(count)
      if (sort === 'name') expect(seen).toEqual([...seen].sort())
    }
    expect(await domain.credentialQueries.matching(dora, filter, 5000)).toHaveLength(count)
  })

  it('shows nothing of it to others', async () => {
    for (const stranger of [domain.ben, domain.root, domain.eve]) {
      for (const [, filter] of filters) expect(await namesOf(stranger, filter)).toEqual([])
    }
  })

  it('has each order begin with what it is for', async () => {
    expect((await namesOf(dora, { sort: 'expires' })).slice(0, 1)).toEqual(['account 1182'])
    expect((await namesOf(dora, { sort: 'used' })).slice(0, 2)).toEqual(['account 0002', 'account 0003'])
  })
})

describe('Attention', () => {
  const filtered = async (attention: AttentionFilter) => namesOf(ada, { attention })
  const attentionOf = async (name: string) =>
    (await domain.credentialQueries.list(ada, {})).rows.find((row) => row.name === name)?.attention

  it('says "destination changed" from the moment a connection leads elsewhere until it is confirmed, or leads back', async () => {
    const connection = await addConnection(domain, ada, 'Moves')
    const id = await store(ada, 'on what moves', 'x', [connection])
    const move = async (host: string) => {
      const { revision } = await domain.connectionQueries.show(ada, connection)
      const parameters = { host, port: '5432', database: 'sales', tls: 'verify-full' }
      const input = { name: 'Moves', driver: 'postgresql', parameters }
      await domain.connections.edit(ada, connection, { revision, input, destinationConfirmed: true })
    }
    expect(await attentionOf('on what moves')).toEqual([])
    await move('elsewhere.example.com')
    expect(await attentionOf('on what moves')).toEqual(['moved'])
    expect(await filtered('moved')).toEqual(['on what moves'])
    await move('db.example.com')
    expect(await filtered('moved')).toEqual([])
    await move('elsewhere.example.com')
    const { destination } = await domain.connectionQueries.show(ada, connection)
    expect(await domain.vault.confirmDestination(ada, id, connection, destination)).toBe(true)
    expect(await filtered('moved')).toEqual([])
  })

  it('says "refused" after a refused sign-in or while the breaker is open', async () => {
    const connection = await addConnection(domain, ada, 'Refuses')
    const id = await store(ada, 'refused there', 'x', [connection])
    await store(ada, 'paused', 'x')
    await domain.db.update(credentials).set({ pausedAt: new Date() }).where(eq(credentials.name, 'paused'))
    await domain.db
      .update(associations)
      .set({ lastSignInCode: 'auth.refused', lastSignInAt: new Date() })
      .where(eq(associations.credentialId, id))
    expect(await filtered('refused')).toEqual(['paused', 'refused there'])
    const { rows } = await domain.credentialQueries.list(ada, { text: 'refused' })
    expect(rows).toMatchObject([{ connections: 1, lastSignInCode: 'auth.refused', attention: ['refused'] }])
  })

  it('says "weak TLS" of an association with a connection that does not verify its server', async () => {
    const parameters = { host: 'db.example.com', port: '5432', database: 'sales', tls: 'require' }
    const made = await domain.connections.create(ada, { name: 'Weak', driver: 'postgresql', parameters })
    if (!made.ok) throw new Error(made.error)
    await store(ada, 'weakly', 'x', [made.id])
    expect(await filtered('weak-tls')).toEqual(['weakly'])
    expect(await filtered('any')).toEqual(['paused', 'refused there', 'weakly'])
  })

  it.each(['localhost', '127.0.0.1', '127.1.2.3', '::1'])('says nothing of TLS on the way to %s', async (host) => {
    const parameters = { host, port: '5432', database: 'sales', tls: 'disable' }
    const made = await domain.connections.create(ada, { name: `At ${host}`, driver: 'postgresql', parameters })
    if (!made.ok) throw new Error(made.error)
    await store(ada, `at ${host}`, 'x', [made.id])
    expect(await filtered('weak-tls')).toEqual(['weakly'])
  })

  it.each(['127.0.0.1.example.com', 'localhost.example.com', '128.0.0.1'])(
    'says "weak TLS" of the way to %s',
    async (host) => {
      const parameters = { host, port: '5432', database: 'sales', tls: 'disable' }
      const made = await domain.connections.create(ada, { name: `At ${host}`, driver: 'postgresql', parameters })
      if (!made.ok) throw new Error(made.error)
      const id = await store(ada, `at ${host}`, 'x', [made.id])
      expect(await filtered('weak-tls')).toEqual([`at ${host}`, 'weakly'])
      await domain.vault.delete(ada, id)
    },
  )
})

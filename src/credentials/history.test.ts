import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { NotFound } from '../access/refusals.ts'
import { Secret } from '../secrets/secret.ts'
import { addConnection, asOwner, type TestDomain, testDomain } from '../testing/domain.ts'
import type { HistoryKind } from './history.ts'
import { historyCsv } from './history-csv.ts'

let domain: TestDomain
let ada: UserActor
let connectionId: string
let id: string
let count = 0

beforeAll(async () => {
  domain = await testDomain()
  ada = domain.ada
})
afterAll(() => domain.close())

beforeEach(async () => {
  connectionId = await addConnection(domain, ada, `=Sales ${++count}`)
  await domain.sharing.share(ada, connectionId, domain.ben.email, 'consumer')
  const fields = { username: new Secret('reader'), password: new Secret('a password') }
  const account = { type: 'basic', name: `Account ${count}`, description: '', fields, connectionIds: [connectionId] }
  const made = await domain.vault.create(ada, account)
  if (!made.ok) throw new Error(made.error)
  id = made.id
})

const use = { purpose: 'preview', runId: '01900000-0000-7000-8000-000000000000' }
const list = async (kind: HistoryKind = 'all', before?: number) => domain.history.entries(ada, id, kind, before)

describe('entries', () => {
  it('tell who changed and used it, for what, where and in which run, the newest first and by kind', async () => {
    await edit(1, 'Renamed', 'another password')
    await domain.credentialSharing.share(ada, id, domain.ben.email)
    await domain.vault.open(domain.ben, id, connectionId, use)
    await domain.vault.dissociate(ada, id, connectionId)
    await domain.vault.open(domain.ben, id, connectionId, use)
    await expect(domain.vault.delete(domain.eve, id)).rejects.toBeInstanceOf(NotFound)
    const { rows, next } = await list()
    expect(next).toBeNull()
    expect(rows.map(({ action, outcome, actorName }) => [action, outcome, actorName])).toEqual([
      ['credential.delete', 'denied', null],
      ['credential.use', 'failed', 'Ben'],
      ['credential.dissociate', 'allowed', 'Ada'],
      ['credential.use', 'allowed', 'Ben'],
      ['credential.share', 'allowed', 'Ada'],
      ['credential.edit', 'allowed', 'Ada'],
      ['credential.create', 'allowed', 'Ada'],
    ])
    const its = { purpose: 'preview', runId: use.runId, connectionName: `=Sales ${count}` }
    expect(rows[1]).toMatchObject({ ...its, reason: 'not associated' })
    expect(rows[3]).toMatchObject({ ...its, version: 2, reason: null })
    expect(rows[4]).toMatchObject({ sharedWith: 'Ben', purpose: null })
    expect(rows[5]).toMatchObject({ version: 2, renamed: true })
    const uses = (await list('uses')).rows.map(({ action }) => action)
    expect(uses).toEqual(['credential.use', 'credential.use'])
    expect((await list('changes')).rows.map(({ action }) => action)).not.toContain('credential.use')
    expect((await list('changes')).rows).toHaveLength(5)
  })

  it('name no connection that its owner may not see any more, and no one of another organization', async () => {
    const his = await addConnection(domain, domain.ben, `His ${count}`)
    await domain.sharing.share(domain.ben, his, ada.email, 'consumer')
    await domain.vault.associate(ada, id, his)
    expect((await list()).rows[0]).toMatchObject({ connectionName: `His ${count}` })
    await domain.sharing.remove(domain.ben, his, ada.id)
    expect((await list()).rows[0]).toMatchObject({ action: 'credential.associate', connectionName: null })
  })

  it('go on page by page until the first, none twice and none left out', async () => {
    await addUses(117)
    const seen: number[] = []
    const sizes: number[] = []
    let before: number | undefined
    do {
      const { rows, next } = await list('all', before)
      seen.push(...rows.map(({ sequence }) => sequence))
      sizes.push(rows.length)
      before = next ?? undefined
    } while (before !== undefined)
    expect(sizes).toEqual([50, 50, 18])
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => b - a))
  })

  it('of changes behind a great many uses, come a page at a time without going through all of them at once', async () => {
    await addUses(10_050)
    const first = await list('changes')
    expect(first.rows).toEqual([])
    expect(first.next).toBeGreaterThan(0)
    const second = await list('changes', first.next ?? 0)
    expect(second.rows.map(({ action }) => action)).toEqual(['credential.create'])
    expect(second.next).toBeNull()
    const lines = (await csv('changes')).split('\r\n')
    expect(lines).toHaveLength(3)
  })

  it('are found by the index of the ledger, whatever else is in it', async () => {
    await asOwner(domain, 'analyze audit_entries')
    const { rows } = await domain.db.execute<{ 'QUERY PLAN': string }>(
      `explain select * from audit_entries where resource_type = 'credential' and resource_id = '${id}' and sequence < 99999 order by sequence desc limit 51`,
    )
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Index Scan Backward using audit_resource/)
  })
})

describe('versions', () => {
  it('tell who made each, when and why, and hold nothing of what is sealed', async () => {
    await edit(1, `Account ${count}`, 'another password')
    await domain.vault.restore(ada, id, 1, 2)
    const { rows, next } = await domain.history.versions(ada, id)
    expect(next).toBeNull()
    expect(rows).toMatchObject([
      { version: 3, reason: 'restored', restoredFrom: 1, state: 'present', replacedAt: null, createdByName: 'Ada' },
      { version: 2, reason: 'edited', restoredFrom: null, state: 'restorable', createdByName: 'Ada' },
      { version: 1, reason: 'created', restoredFrom: null, state: 'restorable', createdByName: 'Ada' },
    ])
    const [, second] = rows
    const days = ((second?.restorableUntil?.getTime() ?? 0) - (second?.replacedAt?.getTime() ?? 0)) / 86_400_000
    expect(days).toBe(30)
    expect(Object.keys(second ?? {}).join()).not.toMatch(/payload|sealed|fields/)
  })

  it('beyond a page, go on where it ended; those that wait are not among them', async () => {
    await asOwner(
      domain,
      `insert into credential_versions (credential_id, version, organization_id, payload, reason, pending_until, replaced_at)
       select credential_id, n, organization_id, payload, 'edited', case when n = 60 then now() + interval '1 hour' end,
         case when n < 60 then now() - interval '31 days' end
       from credential_versions, generate_series(2, 60) as n where credential_id = '${id}' and version = 1`,
    )
    const first = await domain.history.versions(ada, id)
    expect([first.rows.length, first.rows[0]?.version, first.rows[0]?.state]).toEqual([50, 59, 'kept'])
    const second = await domain.history.versions(ada, id, first.next ?? 0)
    expect([second.rows.length, second.rows.at(-1)?.version, second.next]).toEqual([9, 1, null])
  })
})

describe('historyCsv', () => {
  it('holds a line for each entry, and no name that a spreadsheet would run', async () => {
    await domain.credentialSharing.share(ada, id, domain.ben.email)
    await domain.vault.open(ada, id, connectionId, use)
    const lines = (await csv('all')).split('\r\n')
    expect(lines[0]).toBe(
      'time,who,action,outcome,purpose,connection,run,version,restored_from,renamed,shared_with,reason,ledger_sequence',
    )
    expect(lines[1]).toMatch(
      new RegExp(`Z,Ada,credential\\.use,allowed,preview,'=Sales ${count},${use.runId},1,,,,,\\d+$`),
    )
    expect(lines[2]).toMatch(/Z,Ada,credential\.share,allowed,,,,,,,Ben,,\d+$/)
    expect(lines.at(-1)).toBe('')
    expect(lines).toHaveLength(5)
  })

  it('is refused before its first byte to whoever does not own the credential', async () => {
    await domain.credentialSharing.share(ada, id, domain.ben.email)
    for (const stranger of [domain.ben, domain.root, domain.eve]) {
      await expect(historyCsv(domain.history, stranger, id, 'all')).rejects.toBeInstanceOf(NotFound)
    }
  })

  it('ends after 100,000 entries, in whole lines', async () => {
    const entry = (await list()).rows[0]
    if (entry === undefined) throw new Error('There is no entry.')
    const many = Array.from({ length: 30_000 }, () => entry)
    const every = async () =>
      (async function* () {
        for (let page = 0; page < 10; page++) yield many
      })()
    const text = await new Response(await historyCsv({ every }, ada, id, 'all')).text()
    expect(text.split('\r\n')).toHaveLength(100_002)
  })

  it('that nobody reads to the end, stops reading from the ledger', async () => {
    await addUses(3000)
    const stream = await historyCsv(domain.history, ada, id, 'uses')
    const reader = stream.getReader()
    await reader.read()
    await reader.cancel()
    expect((await reader.read()).done).toBe(true)
  })
})

async function csv(kind: HistoryKind): Promise<string> {
  return new Response(await historyCsv(domain.history, ada, id, kind)).text()
}

async function edit(revision: number, name: string, password: string): Promise<void> {
  const values: Record<string, string> = { username: 'reader', password }
  const typed = { text: (field: string) => values[field], cleared: () => false }
  await domain.vault.edit(ada, id, { revision, name, description: '', typed })
}

/** Straight into the table: the chain does not matter here. */
function addUses(uses: number): Promise<void> {
  return asOwner(
    domain,
    `insert into audit_entries (sequence, time, actor_kind, actor_id, action, resource_type, resource_id, organization_id,
       outcome, purpose, instance, details, previous_hash, hash, mac)
     select (select max(sequence) from audit_entries) + n, now(), 'user', '${ada.id}', 'credential.use', 'credential', '${id}',
       '${ada.organizationId}', 'allowed', 'health check', 'test', '{"connectionId": "${connectionId}"}', hash, hash, mac
     from generate_series(1, ${uses}) as n, (select hash, mac from audit_entries order by sequence desc limit 1) as last`,
  )
}

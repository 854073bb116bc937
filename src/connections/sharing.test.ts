import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { Forbidden, NotFound } from '../access/refusals.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { connectionShares } from '../db/schema/connections.ts'
import { associations, grants } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import { Secret } from '../secrets/secret.ts'
import { addUser } from '../testing/actors.ts'
import { addConnection, refused, type TestDomain, testDomain } from '../testing/domain.ts'

let domain: TestDomain
let ada: UserActor
let ben: UserActor
let cleo: UserActor
let id: string
let count = 0

beforeAll(async () => {
  domain = await testDomain()
  ada = domain.ada
  ben = domain.ben
  cleo = await addUser(domain.db, ada.organizationId, 'Cleo')
})
afterAll(() => domain.close())

beforeEach(async () => {
  count += 1
  id = await addConnection(domain, ada, `Sales ${count}`)
})

const share = (actor: UserActor, whom: UserActor, role: string) =>
  domain.sharing.share(actor, id, ` ${whom.email.toUpperCase()} `, role)

describe('share', () => {
  it('lets someone of the organization see, list and use it, and is in the ledger with ids', async () => {
    await expect(domain.connectionQueries.show(ben, id)).rejects.toBeInstanceOf(NotFound)
    expect(await share(ada, ben, 'consumer')).toEqual({ ok: true })
    expect(await domain.connectionQueries.show(ben, id)).toMatchObject({ role: 'consumer', ownerName: 'Ada' })
    const { rows } = await domain.connectionQueries.list(ben, { text: `Sales ${count}` })
    expect(rows.map((row) => row.id)).toEqual([id])
    expect(await entries('connection.share')).toMatchObject([
      { outcome: 'allowed', actorId: ada.id, details: { userId: ben.id, role: 'consumer' } },
    ])
  })

  it('takes no address of nobody, of another organization, of someone disabled, and tells them apart to nobody', async () => {
    const gone = await addUser(domain.db, ada.organizationId, 'Gone')
    await domain.db.update(users).set({ disabledAt: new Date() }).where(eq(users.id, gone.id))
    const nobody = { ...ben, email: 'nobody@example.com' }
    const outcomes = []
    for (const whom of [nobody, domain.eve, gone]) outcomes.push(await share(ada, whom, 'consumer'))
    expect(outcomes[0]).toMatchObject({ ok: false, field: 'email' })
    expect(outcomes).toEqual([outcomes[0], outcomes[0], outcomes[0]])
  })

  it('says so where they have access already, its owner too, and where no role was chosen', async () => {
    await share(ada, ben, 'editor')
    expect(await share(ada, ben, 'owner')).toMatchObject({ ok: false, field: 'email' })
    expect(await share(ada, ada, 'consumer')).toMatchObject({ ok: false, field: 'email' })
    expect(await share(ada, cleo, 'king')).toMatchObject({ ok: false, field: 'role', error: 'Choose a role.' })
    expect(await roles()).toEqual({ [ben.id]: 'editor' })
  })

  it('is for owners: others are forbidden to, whatever role they would grant, and that is in the ledger', async () => {
    for (const role of ['consumer', 'editor']) {
      await share(ada, ben, role)
      for (const granted of ['consumer', 'editor', 'owner']) {
        await expect(share(ben, cleo, granted)).rejects.toBeInstanceOf(Forbidden)
        await expect(domain.sharing.changeRole(ben, id, ben.id, granted)).rejects.toBeInstanceOf(Forbidden)
      }
      await domain.sharing.remove(ada, id, ben.id)
    }
    expect((await entries('connection.share')).filter(({ outcome }) => outcome === 'denied')).toHaveLength(12)
    await share(ada, ben, 'owner')
    expect(await share(ben, cleo, 'owner')).toEqual({ ok: true })
  })

  it('of strangers, is a connection that does not exist', async () => {
    for (const stranger of [ben, domain.root, domain.eve]) {
      await expect(share(stranger, cleo, 'consumer')).rejects.toBeInstanceOf(NotFound)
      await expect(domain.sharing.people(stranger, id)).rejects.toBeInstanceOf(NotFound)
      await expect(domain.sharing.losses(stranger, id, ada.id)).rejects.toBeInstanceOf(NotFound)
      await expect(domain.sharing.changeRole(stranger, id, ada.id, 'consumer')).rejects.toBeInstanceOf(NotFound)
      await expect(domain.sharing.remove(stranger, id, stranger.id)).rejects.toBeInstanceOf(NotFound)
      await expect(domain.connectionActivity.list(stranger, id)).rejects.toBeInstanceOf(NotFound)
    }
  })
})

describe('the roles', () => {
  it('change name and parameters from Editor on, and delete as Owner', async () => {
    const edit = (actor: UserActor, name: string, revision: number) =>
      domain.connections.edit(actor, id, {
        revision,
        input: { name, driver: 'postgresql', parameters: { host: 'db.example.com', port: '5432', database: 's' } },
        destinationConfirmed: true,
      })
    await share(ada, ben, 'consumer')
    await expect(edit(ben, 'By Ben', 1)).rejects.toBeInstanceOf(Forbidden)
    await expect(domain.connectionQueries.show(ben, id, 'connection.edit')).rejects.toBeInstanceOf(Forbidden)
    expect(await domain.sharing.changeRole(ada, id, ben.id, 'editor')).toEqual({ ok: true })
    expect(await edit(ben, `By Ben ${count}`, 1)).toMatchObject({ ok: true })
    await addConnection(domain, ada, `Taken ${count}`)
    expect(await edit(ben, `Taken ${count}`, 2)).toMatchObject({ ok: false, reason: 'name' })
    await expect(domain.connections.delete(ben, id, 'delete')).rejects.toBeInstanceOf(Forbidden)
    await domain.sharing.changeRole(ada, id, ben.id, 'owner')
    expect(await domain.connections.delete(ben, id, 'delete')).toEqual({ ok: true })
    await expect(domain.connectionQueries.show(ada, id)).rejects.toBeInstanceOf(NotFound)
  })

  it('see their own credentials only, and how many there are of others', async () => {
    await share(ada, ben, 'owner')
    await stored(ada)
    const his = await stored(ben)
    const own = await domain.connectionQueries.associatedCredentials(ben, id)
    expect(own.map(({ credentialId, isDefault }) => [credentialId, isDefault])).toEqual([[his, true]])
    expect(await domain.connectionQueries.dependants(ben, id)).toMatchObject({
      credentials: [{ id: his }],
      credentialsOfOthers: 1,
    })
    const use = { purpose: 'test', runId: his }
    await expect(domain.vault.open(ada, his, id, use)).rejects.toBeInstanceOf(NotFound)
    expect(await domain.vault.open(ben, his, id, use)).toMatchObject({ ok: true })
  })

  it('see why a sign-in of somebody else was refused as owners, without the username that the server names', async () => {
    await share(ada, ben, 'consumer')
    const detail = 'password authentication failed for user "reader_of_ben"'
    const before = domain.connector.next
    domain.connector.next = {
      ...refused,
      diagnosis: refused.diagnosis.map((rung) => (rung.state === 'failed' ? { ...rung, detail } : rung)),
    }
    const fields = { username: new Secret('reader_of_ben'), password: new Secret('mistyped') }
    await domain.signIns.create(ben, id, { kind: 'typed', type: 'basic', fields }, 'test')
    domain.connector.next = before
    const seen = async (actor: UserActor) => {
      const rows = await domain.signIns.recent(actor, id)
      return JSON.stringify([rows, await domain.signIns.show(actor, id, rows[0]?.id ?? '')])
    }
    expect(await seen(ben)).toContain('reader_of_ben')
    expect(await seen(ada)).toContain('The server refused this username and password.')
    expect(await seen(ada)).not.toContain('reader_of_ben')
  })

  it('see the sign-ins and the activity of all as owners, and no account but their own', async () => {
    const [hers] = [await stored(ada), await share(ada, ben, 'consumer')]
    const his = await stored(ben)
    for (const [actor, credentialId] of [[ada, hers] as const, [ben, his] as const]) {
      await domain.signIns.create(actor, id, { kind: 'stored', credentialId }, 'test')
    }
    const seen = async (actor: UserActor) =>
      (await domain.signIns.recent(actor, id)).map(({ userName, credentialId }) => [userName, credentialId])
    expect(await seen(ben)).toEqual([['Ben', his]])
    expect(await seen(ada)).toEqual([
      ['Ben', null],
      ['Ada', hers],
    ])
    const [bens, adas] = await domain.signIns.recent(ada, id)
    expect(bens?.accountName).toBe('an account of Ben')
    expect(await domain.signIns.show(ben, id, adas?.id ?? '')).toBeUndefined()
    expect((await domain.signIns.show(ada, id, bens?.id ?? ''))?.credentialId).toBeNull()

    const activity = async (actor: UserActor) =>
      (await domain.connectionActivity.list(actor, id)).rows.map((row) => [
        row.action,
        row.actorName,
        row.credentialName,
      ])
    expect(await activity(ben)).toEqual([['credential.use', 'Ben', `Account of Ben ${count}`]])
    expect(await activity(ada)).toEqual([
      ['credential.use', 'Ben', null],
      ['credential.use', 'Ada', `Account of Ada ${count}`],
      ['connection.share', 'Ada', null],
      ['connection.create', 'Ada', null],
    ])
    await domain.sharing.changeRole(ada, id, ben.id, 'editor')
    const { rows } = await domain.connectionActivity.list(ben, id)
    expect(rows[0]).toMatchObject({ action: 'connection.share', sharedWith: 'Ben', sharedRole: 'editor' })
    expect(rows).toHaveLength(5)
  })
})

describe('remove', () => {
  it('takes the associations and their grants along at once, and leaves the credentials', async () => {
    await share(ada, ben, 'consumer')
    const [his, hers] = [await stored(ben), await stored(ada)]
    expect(await domain.sharing.losses(ada, id, ben.id)).toMatchObject({ associations: 1, datasets: 0 })
    expect(await domain.sharing.remove(ada, id, ben.id)).toEqual({ ok: true })
    expect(await bonds()).toEqual([hers])
    const left = await domain.db.select().from(grants).where(eq(grants.connectionId, id))
    expect(left.map(({ credentialId }) => credentialId)).toEqual([hers])
    await expect(domain.vault.open(ben, his, id, { purpose: 'test', runId: his })).rejects.toBeInstanceOf(NotFound)
    await expect(domain.vault.associate(ben, his, id)).rejects.toBeInstanceOf(NotFound)
    expect(await domain.credentialQueries.show(ben, his)).toMatchObject({ associations: [] })
    expect(await entries('connection.unshare')).toMatchObject([
      { details: { userId: ben.id, role: 'consumer', associationsRemoved: 1 } },
    ])
    // Shared again, nothing of before comes back by itself.
    await share(ada, ben, 'consumer')
    expect(await domain.vault.open(ben, his, id, { purpose: 'test', runId: his })).toMatchObject({
      reason: 'not associated',
    })
  })

  it('of oneself, is leaving: anyone may, but for who added it; nobody else is theirs to remove', async () => {
    await share(ada, ben, 'consumer')
    await share(ada, cleo, 'editor')
    await expect(domain.sharing.remove(ben, id, cleo.id)).rejects.toBeInstanceOf(Forbidden)
    await expect(domain.sharing.losses(ben, id, cleo.id)).rejects.toBeInstanceOf(Forbidden)
    expect(await domain.sharing.remove(ben, id, ben.id)).toEqual({ ok: true })
    await expect(domain.sharing.remove(ben, id, ben.id)).rejects.toBeInstanceOf(NotFound)
    expect(await entries('connection.leave')).toMatchObject([{ outcome: 'allowed' }, { outcome: 'denied' }])
    expect(await domain.sharing.remove(ada, id, ada.id)).toMatchObject({ ok: false })
  })

  it('never takes the last owner: who added it stays, whoever asks', async () => {
    await share(ada, ben, 'owner')
    expect(await domain.sharing.remove(ben, id, ada.id)).toMatchObject({ ok: false })
    expect(await domain.sharing.changeRole(ben, id, ada.id, 'consumer')).toMatchObject({ ok: false })
    await expect(domain.sharing.remove(ben, id, cleo.id)).rejects.toBeInstanceOf(NotFound)
    await expect(domain.sharing.changeRole(ben, id, cleo.id, 'consumer')).rejects.toBeInstanceOf(NotFound)
    expect((await domain.sharing.people(ben, id)).map(({ name, role }) => [name, role])).toEqual([
      ['Ada', 'owner'],
      ['Ben', 'owner'],
    ])
  })

  it('of each other by two owners at once, removes one of them', async () => {
    for (let round = 0; round < 10; round++) {
      await share(ada, ben, 'owner')
      await share(ada, cleo, 'owner')
      const answers = await Promise.allSettled([
        domain.sharing.remove(ben, id, cleo.id),
        domain.sharing.remove(cleo, id, ben.id),
      ])
      expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toBeInstanceOf(NotFound)
      const left = Object.keys(await roles())
      expect(left).toHaveLength(1)
      await domain.sharing.remove(ada, id, left[0] ?? '')
    }
  })

  it('while the removed use and associate it, ends in no error and no association', async () => {
    for (let round = 0; round < 10; round++) {
      await share(ada, ben, 'consumer')
      const [first, second] = [await stored(ben), await stored(ben, [])]
      const answers = await Promise.allSettled([
        domain.vault.associate(ben, second, id),
        domain.vault.open(ben, first, id, { purpose: 'test', runId: first }),
        domain.sharing.remove(ada, id, ben.id),
        domain.vault.makeDefault(ben, first, id),
        domain.vault.dissociate(ben, first, id),
      ])
      for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toBeInstanceOf(NotFound)
      expect(await bonds()).toEqual([])
    }
  })
})

describe('the list', () => {
  it('goes on after a name that several owners have', async () => {
    const dora = await addUser(domain.db, ada.organizationId, 'Dora')
    for (let n = 0; n < 52; n++) {
      const owner = await addUser(domain.db, ada.organizationId, `Owner${n}`)
      const same = await addConnection(domain, owner, 'Same name')
      await domain.sharing.share(owner, same, dora.email, 'consumer')
    }
    const first = await domain.connectionQueries.list(dora, {})
    const second = await domain.connectionQueries.list(dora, { after: first.next ?? '' })
    expect([first.rows.length, second.rows.length, second.next]).toEqual([50, 2, null])
    expect(new Set([...first.rows, ...second.rows].map((row) => row.id)).size).toBe(52)
  })
})

async function stored(owner: UserActor, connectionIds: readonly string[] = [id]): Promise<string> {
  const fields = { username: new Secret('reader'), password: new Secret('a password') }
  const of = { type: 'basic', description: '', fields, connectionIds }
  const wanted = { ...of, name: `Account of ${owner.name} ${count}` }
  const made = await domain.vault.create(owner, wanted)
  if (made.ok) return made.id
  count += 1000
  return stored(owner, connectionIds)
}

async function bonds(): Promise<string[]> {
  const rows = await domain.db.select().from(associations).where(eq(associations.connectionId, id))
  return rows.map(({ credentialId }) => credentialId)
}

async function roles(): Promise<Record<string, string>> {
  const rows = await domain.db.select().from(connectionShares).where(eq(connectionShares.connectionId, id))
  return Object.fromEntries(rows.map(({ userId, role }) => [userId, role]))
}

function entries(action: string) {
  const its = and(eq(auditEntries.action, action), eq(auditEntries.resourceId, id))
  return domain.db.select().from(auditEntries).where(its).orderBy(auditEntries.sequence)
}

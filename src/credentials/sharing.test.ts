import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { AccountNotFound, FeatureOff, NotFound } from '../access/refusals.ts'
import { newId } from '../db/new-id.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { credentialShares } from '../db/schema/credential-shares.ts'
import { associations } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import { Secret } from '../secrets/secret.ts'
import { addUser } from '../testing/actors.ts'
import { addConnection, refused, type TestDomain, testDomain } from '../testing/domain.ts'

let domain: TestDomain
let ada: UserActor
let ben: UserActor
let eve: UserActor
let connectionId: string
let id: string
let count = 0

beforeAll(async () => {
  domain = await testDomain()
  ada = domain.ada
  ben = domain.ben
  eve = domain.eve
})
afterAll(() => domain.close())

beforeEach(async () => {
  connectionId = await addConnection(domain, ada, `Sales ${++count}`)
  await domain.sharing.share(ada, connectionId, ben.email, 'consumer')
  id = await stored(ada, `Reporting ${count}`)
})

const share = (whom = ben, actor = ada) => domain.credentialSharing.share(actor, id, ` ${whom.email.toUpperCase()} `)
const unshare = (whom = ben, actor = ada) => domain.credentialSharing.unshare(actor, id, whom.id)
const open = (actor: UserActor, on = connectionId) =>
  domain.vault.open(actor, id, on, { purpose: 'test', runId: connectionId })
const names = async (actor: UserActor, on = connectionId) =>
  (await domain.use.accounts(actor, on)).map(({ name, isDefault }) => (isDefault ? `${name} *` : name))

describe('share', () => {
  it('lets someone of the organization use it on the connections of its owner, and is in the ledger with ids', async () => {
    await expect(open(ben)).rejects.toBeInstanceOf(AccountNotFound)
    expect(await share()).toEqual({ ok: true })
    const opened = await open(ben)
    expect(opened.ok && opened.credential.fields.password?.expose().toString()).toBe('a password')
    expect(await entries('credential.share')).toMatchObject([
      { outcome: 'allowed', actorId: ada.id, details: { userId: ben.id } },
    ])
    expect((await entries('credential.use')).map(({ actorId, outcome }) => [actorId, outcome])).toEqual([
      [ben.id, 'denied'],
      [ben.id, 'allowed'],
    ])
    expect(await domain.credentialQueries.show(ada, id)).toMatchObject({ sharedWith: 1, lastUse: { by: 'Ben' } })
  })

  it('takes no address of nobody, of another organization, of someone disabled, and tells them apart to nobody', async () => {
    const gone = await addUser(domain.db, ada.organizationId, 'Gone')
    await domain.db.update(users).set({ disabledAt: new Date() }).where(eq(users.id, gone.id))
    const outcomes = []
    for (const whom of [{ ...ben, email: 'nobody@example.com' }, eve, gone]) outcomes.push(await share(whom))
    expect(outcomes[0]).toMatchObject({ ok: false })
    expect(outcomes).toEqual([outcomes[0], outcomes[0], outcomes[0]])
  })

  it('says so where they may use it already, and where it is the own address', async () => {
    await share()
    expect(await share()).toMatchObject({ ok: false, error: expect.stringContaining('Ben may use') })
    expect(await share(ada)).toMatchObject({ ok: false, error: expect.stringContaining('your own') })
  })

  it('gives nothing but its use: for everything else there is no such credential', async () => {
    await share()
    const typed = { text: () => 'x', cleared: () => false }
    const { vault, credentialQueries, credentialSharing, history } = domain
    const attempts: Record<string, () => Promise<unknown>> = {
      show: () => credentialQueries.show(ben, id),
      dependants: () => credentialQueries.dependants(ben, id),
      associable: () => credentialQueries.associable(ben, id),
      edit: () => vault.edit(ben, id, { revision: 1, name: 'Mine', description: '', typed }),
      restore: () => vault.restore(ben, id, 1, 1),
      associate: () => vault.associate(ben, id, connectionId),
      dissociate: () => vault.dissociate(ben, id, connectionId),
      confirm: () => vault.confirmDestination(ben, id, connectionId, 'anywhere'),
      makeDefault: () => vault.makeDefault(ben, id, connectionId),
      'try an edit': () => vault.open(ben, id, connectionId, { purpose: 'test', runId: id }, { version: 1 }),
      people: () => credentialSharing.people(ben, id),
      share: () => share(domain.root, ben),
      unshare: () => unshare(ben, ben),
      versions: () => history.versions(ben, id),
      entries: () => history.entries(ben, id, 'all'),
      every: () => history.every(ben, id, 'all'),
      delete: () => vault.delete(ben, id),
    }
    for (const [name, attempt] of Object.entries(attempts)) {
      await expect(attempt(), name).rejects.toBeInstanceOf(NotFound)
    }
    expect((await domain.credentialQueries.list(ben, {})).rows).toEqual([])
    expect(domain.connector.jobs).toEqual([])
    expect(await domain.credentialQueries.show(ada, id)).toMatchObject({ revision: 1, version: 1 })
  })

  it('of another organization, or by an administrator, is a credential that does not exist', async () => {
    for (const stranger of [ben, domain.root, eve]) {
      await expect(share(ben, stranger)).rejects.toBeInstanceOf(NotFound)
      await expect(unshare(ben, stranger)).rejects.toBeInstanceOf(NotFound)
    }
    // A row that names someone of another organization gives them nothing.
    const { organizationId } = ada
    await domain.db
      .insert(credentialShares)
      .values({ credentialId: id, userId: eve.id, organizationId, createdBy: eve.id })
    await expect(open(eve)).rejects.toBeInstanceOf(AccountNotFound)
    expect((await domain.shared.list(eve)).rows).toEqual([])
  })
})

describe('A shared account', () => {
  it('is offered after the own ones by name and owner, and is the default only where it is alone', async () => {
    await share()
    expect(await names(ben)).toEqual([`Reporting ${count} (Ada's) *`])
    expect(await names(ada)).toEqual([`Reporting ${count} *`])
    const [offered] = await domain.use.accounts(ben, connectionId)
    expect(offered).toMatchObject({ credentialId: id, username: null, privileges: null })
    await stored(ben, `Own ${count}`)
    expect(await names(ben)).toEqual([`Own ${count} *`, `Reporting ${count} (Ada's)`])
    const second = await stored(ada, `Second ${count}`)
    await domain.credentialSharing.share(ada, second, ben.email)
    await domain.vault.makeDefault(ada, second, connectionId)
    expect(await names(ben)).toEqual([`Own ${count} *`, `Reporting ${count} (Ada's)`, `Second ${count} (Ada's)`])
  })

  it('is used on a connection only where its owner associated it and the other may use that', async () => {
    await share()
    const hidden = await addConnection(domain, ada, `Hidden ${count}`)
    await domain.vault.associate(ada, id, hidden)
    await expect(open(ben, hidden)).rejects.toBeInstanceOf(NotFound)
    await expect(names(ben, hidden)).rejects.toBeInstanceOf(NotFound)
    const his = await addConnection(domain, ben, `His ${count}`)
    expect(await open(ben, his)).toMatchObject({ ok: false, reason: 'not associated' })
    expect(await names(ben, his)).toEqual([])
    await domain.vault.dissociate(ada, id, connectionId)
    expect(await open(ben)).toMatchObject({ ok: false, reason: 'not associated' })
    expect(await names(ben)).toEqual([])
  })

  it('stays closed where the destination changed, until its owner confirms', async () => {
    await share()
    await domain.db.update(associations).set({ destination: 'elsewhere' }).where(eq(associations.credentialId, id))
    expect(await open(ben)).toMatchObject({ ok: false, reason: 'destination changed' })
    expect(await domain.use.accounts(ben, connectionId)).toMatchObject([{ destinationChanged: true }])
  })

  it('ends with its owner: disabled, or without the feature, nobody uses it', async () => {
    await share()
    const disable = (at: Date | null) => domain.db.update(users).set({ disabledAt: at }).where(eq(users.id, ada.id))
    const except = (whom: UserActor, enabled: boolean | null) =>
      domain.features.except(domain.root, ada.organizationId, 'stored_credentials', whom.id, enabled)
    const nobody = async () => {
      await expect(open(ben)).rejects.toBeInstanceOf(AccountNotFound)
      expect(await names(ben)).toEqual([])
      expect((await domain.shared.list(ben)).rows).toEqual([])
    }
    await disable(new Date())
    await nobody()
    await disable(null)
    await except(ada, false)
    await nobody()
    await except(ada, null)
    expect(await open(ben)).toMatchObject({ ok: true })
    await except(ben, false)
    await expect(open(ben)).rejects.toBeInstanceOf(FeatureOff)
    expect(await names(ben)).toEqual([])
    await expect(domain.shared.list(ben)).rejects.toBeInstanceOf(FeatureOff)
    await except(ben, null)
  })

  it('is not for health checks of the other, nor among the accounts they manage', async () => {
    await share()
    await domain.sharing.changeRole(ada, connectionId, ben.id, 'owner')
    expect((await domain.health.show(ben, connectionId)).accounts).toEqual([])
    const setting = { minutes: 60, credentialId: id }
    expect(await domain.health.configure(ben, connectionId, setting)).toEqual({ ok: false, field: 'account' })
    expect(await domain.connectionQueries.associatedCredentials(ben, connectionId)).toEqual([])
  })

  it('that the server refuses by name, is refused to the other without its username', async () => {
    await share()
    const said = 'password authentication failed for user "reader", or READER'
    const diagnosis = refused.diagnosis.map((rung) => (rung.state === 'failed' ? { ...rung, detail: said } : rung))
    const before = domain.connector.next
    domain.connector.next = { ...refused, diagnosis }
    const tried = async (actor: UserActor) => {
      const outcome = await domain.signIns.create(actor, connectionId, { kind: 'stored', credentialId: id }, 'test')
      return outcome.diagnosis.find(({ state }) => state === 'failed')?.detail
    }
    expect(await tried(ada)).toBe(said)
    expect(await tried(ben)).toBe('password authentication failed for user "(username)", or (username)')
    expect(JSON.stringify(await domain.signIns.recent(ben, connectionId))).not.toContain('reader')
    domain.connector.next = before
  })

  it('is listed for the other with its owner, where it can be used and when they last did', async () => {
    await share()
    const hidden = await addConnection(domain, ada, `Hidden ${count}`)
    await domain.vault.associate(ada, id, hidden)
    const mine = async () => (await domain.shared.list(ben)).rows.find((row) => row.id === id)
    expect(await mine()).toEqual({
      ...{ id, name: `Reporting ${count}`, type: 'basic', ownerName: 'Ada', usable: 1, lastUsedAt: null },
      connections: [{ id: connectionId, name: `Sales ${count}` }],
    })
    await open(ada)
    expect((await mine())?.lastUsedAt).toBeNull()
    await open(ben)
    expect((await mine())?.lastUsedAt).toBeInstanceOf(Date)
    expect((await domain.shared.list(ada)).rows).toEqual([])
  })

  it('among more than a page of them, is found once on one page', async () => {
    const dora = await addUser(domain.db, ada.organizationId, 'Dora')
    const ids: string[] = []
    for (let n = 0; n < 52; n++) ids.push(await stored(ada, `Many ${count} ${n}`, []))
    const { organizationId, id: createdBy } = ada
    const rows = ids.map((credentialId) => ({ credentialId, userId: dora.id, organizationId, createdBy }))
    await domain.db.insert(credentialShares).values(rows)
    const first = await domain.shared.list(dora)
    const second = await domain.shared.list(dora, first.next ?? '')
    expect([first.rows.length, second.rows.length, second.next]).toEqual([50, 2, null])
    expect(new Set([...first.rows, ...second.rows].map((row) => row.id)).size).toBe(52)
    expect((await domain.shared.list(dora, 'made up')).rows).toHaveLength(50)
  })
})

describe('unshare', () => {
  it('ends the use at once: the next is refused and recorded, and nothing is offered', async () => {
    await share()
    expect(await open(ben)).toMatchObject({ ok: true })
    await unshare()
    await expect(open(ben)).rejects.toBeInstanceOf(AccountNotFound)
    expect(await names(ben)).toEqual([])
    expect((await entries('credential.use')).map(({ outcome }) => outcome)).toEqual(['allowed', 'denied'])
    expect(await entries('credential.unshare')).toMatchObject([{ details: { userId: ben.id, snapshotsEnded: 0 } }])
    await expect(unshare()).rejects.toBeInstanceOf(NotFound)
    expect(await domain.credentialSharing.people(ada, id)).toEqual([])
    // To its owner it is what it was.
    expect(await open(ada)).toMatchObject({ ok: true })
  })

  it('while they use it, lets each use through or refuses it; every one after it is refused', async () => {
    for (let round = 0; round < 10; round++) {
      await share()
      const before = (await entries('credential.use')).length
      const answers = await Promise.allSettled([open(ben), open(ben), unshare(), open(ben), open(ben)])
      for (const answer of answers) {
        if (answer.status === 'rejected') expect(answer.reason).toBeInstanceOf(AccountNotFound)
      }
      expect(answers[2]?.status).toBe('fulfilled')
      await expect(open(ben)).rejects.toBeInstanceOf(AccountNotFound)
      // Of each there is an entry, and no use was allowed after the one that took it away.
      const uses = (await entries('credential.use')).slice(before)
      expect(uses).toHaveLength(5)
      const taken = (await entries('credential.unshare')).at(-1)?.sequence ?? 0
      expect(uses.filter(({ outcome, sequence }) => outcome === 'allowed' && sequence > taken)).toEqual([])
    }
  })

  it('goes along when the credential is deleted', async () => {
    await share()
    await domain.vault.delete(ada, id)
    await expect(open(ben)).rejects.toBeInstanceOf(AccountNotFound)
    expect(await domain.db.select().from(credentialShares).where(eq(credentialShares.credentialId, id))).toEqual([])
  })
})

describe('giveBack', () => {
  const giveBack = (actor: UserActor) => domain.credentialSharing.giveBack(actor, id)

  it('ends the use at once, as if its owner had taken it away, and is in the history of its owner', async () => {
    await share()
    expect(await domain.shared.show(ben, id)).toMatchObject({
      name: `Reporting ${count}`,
      ownerName: 'Ada',
      datasets: 0,
    })
    await giveBack(ben)
    await expect(open(ben)).rejects.toBeInstanceOf(AccountNotFound)
    expect(await names(ben)).toEqual([])
    await expect(domain.shared.show(ben, id)).rejects.toBeInstanceOf(NotFound)
    expect(await domain.credentialSharing.people(ada, id)).toEqual([])
    const details = { userId: ben.id, snapshotsEnded: 0 }
    expect(await entries('credential.give-back')).toMatchObject([{ outcome: 'allowed', actorId: ben.id, details }])
    const [newest] = (await domain.history.entries(ada, id, 'changes')).rows
    expect(newest).toMatchObject({ action: 'credential.give-back', actorName: 'Ben' })
    // To its owner it is what it was, and they may share it again.
    expect(await open(ada)).toMatchObject({ ok: true })
    expect(await share()).toEqual({ ok: true })
  })

  it('asks what they are importing with it to end, and nothing of anyone else', async () => {
    const carl = await addUser(domain.db, ada.organizationId, 'Carl')
    await share()
    await share(carl)
    const versions = await Promise.all([ben, carl].map((actor) => importing(actor)))
    await giveBack(ben)
    const asked = await domain.db
      .select({ id: datasetVersions.id, at: datasetVersions.cancelRequestedAt })
      .from(datasetVersions)
      .where(eq(datasetVersions.credentialId, id))
    expect(asked.filter(({ at }) => at !== null).map((one) => one.id)).toEqual([versions[0]])
    expect(await entries('credential.give-back')).toMatchObject([{ details: { snapshotsEnded: 1 } }])
    expect((await domain.credentialSharing.people(ada, id)).map(({ name }) => name)).toEqual(['Carl'])
  })

  it('of what was never shared, was given back already, is the own, or is of an owner who is gone, finds nothing', async () => {
    for (const stranger of [ben, domain.root, eve]) await expect(giveBack(stranger)).rejects.toBeInstanceOf(NotFound)
    await expect(giveBack(ada)).rejects.toBeInstanceOf(NotFound)
    await share()
    await giveBack(ben)
    await expect(giveBack(ben)).rejects.toBeInstanceOf(NotFound)
    await expect(domain.shared.show(ada, id)).rejects.toBeInstanceOf(NotFound)
    expect((await entries('credential.give-back')).map(({ outcome }) => outcome)).toEqual([
      ...['denied', 'denied', 'denied', 'denied'],
      'allowed',
      'denied',
    ])
  })
})

/** Adds a snapshot of a person's that is being imported with the credential; resolves with the id of its version. */
async function importing({ id: ownerId, organizationId }: UserActor): Promise<string> {
  const [datasetId, versionId] = [newId(), newId()]
  const source = { kind: 'query', query: 'select 1' } as const
  await domain.db
    .insert(datasets)
    .values({ id: datasetId, organizationId, ownerId, name: 'Rows', connectionId, credentialId: id, source })
  const made = { id: versionId, runId: newId(), organizationId, datasetId, number: 1, status: 'running' } as const
  const whose = { createdBy: ownerId, credentialId: id, accountName: 'reader' }
  await domain.db.insert(datasetVersions).values({ ...made, ...whose })
  return versionId
}

async function stored(owner: UserActor, name: string, connectionIds: readonly string[] = [connectionId]) {
  const fields = { username: new Secret('reader'), password: new Secret('a password') }
  const made = await domain.vault.create(owner, { type: 'basic', name, description: '', fields, connectionIds })
  if (!made.ok) throw new Error(made.error)
  return made.id
}

function entries(action: string) {
  const its = and(eq(auditEntries.action, action), eq(auditEntries.resourceId, id))
  return domain.db.select().from(auditEntries).where(its).orderBy(auditEntries.sequence)
}

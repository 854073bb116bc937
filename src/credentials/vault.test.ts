import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { FeatureOff, NotFound, Unreadable } from '../access/refusals.ts'
import { currentDestination, UnknownDriver } from '../connections/destination.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { connections } from '../db/schema/connections.ts'
import { associations, credentials, credentialVersions, grants } from '../db/schema/credentials.ts'
import { Secret } from '../secrets/secret.ts'
import { addConnection, asOwner, signedIn, type TestDomain, testDomain } from '../testing/domain.ts'
import type { TypedFields } from './credential-type.ts'
import { basic } from './types/basic.ts'

let domain: TestDomain
let ada: UserActor
let names = 0

beforeAll(async () => {
  domain = await testDomain()
  ada = domain.ada
})
afterAll(() => domain.close())
beforeEach(() => {
  names += 1
})

const use = { purpose: 'test', runId: '01900000-0000-7000-8000-000000000000' }
const typed = (values: Record<string, string>): TypedFields => ({ text: (id) => values[id], cleared: () => false })
const fields = (username: string, password: string) => ({
  username: new Secret(username),
  password: new Secret(password),
})

async function store(actor: UserActor, connectionIds: string[] = [], password = 'correct horse'): Promise<string> {
  const name = `account ${names}-${Math.random()}`
  const made = await domain.vault.create(actor, {
    type: 'basic',
    name,
    description: '',
    fields: fields('reporting', password),
    connectionIds,
  })
  if (!made.ok) throw new Error(made.error)
  return made.id
}

async function opened(id: string, connectionId: string): Promise<string> {
  const result = await domain.vault.open(ada, id, connectionId, use)
  if (!result.ok) return result.reason
  return `${result.credential.fields.username?.expose()}:${result.credential.fields.password?.expose()}`
}

async function entries(action: string, resourceId: string) {
  const rows = await domain.db.select().from(auditEntries).where(eq(auditEntries.action, action))
  return rows.filter((row) => row.resourceId === resourceId)
}

describe('vault', () => {
  it('a stored credential opens on the connection it is associated with, and its use is in the ledger', async () => {
    const connection = await addConnection(domain, ada, `c${names}`)
    const id = await store(ada, [connection])
    expect(await opened(id, connection)).toBe('reporting:correct horse')
    const [entry] = await entries('credential.use', id)
    expect(entry).toMatchObject({
      outcome: 'allowed',
      purpose: 'test',
      runId: use.runId,
      details: { connectionId: connection },
    })
    const [row] = await domain.db.select().from(credentials).where(eq(credentials.id, id))
    expect(row).toMatchObject({ username: 'reporting', lastUsedBy: ada.id, lastUsedConnectionId: connection })
  })

  it('a credential without the association stays closed, and that is recorded as failed', async () => {
    const connection = await addConnection(domain, ada, `c${names}`)
    const id = await store(ada)
    expect(await opened(id, connection)).toBe('not associated')
    expect(await entries('credential.use', id)).toMatchObject([{ outcome: 'failed' }])
  })

  it.each([
    ['host', { host: 'evil.example.com' }],
    ['port', { port: '6543' }],
    ['TLS mode', { tls: 'disable' }],
    ['certificate authority', { ca: 'another' }],
  ])('S3 the %s changed by SQL closes the credential as "destination changed"', async (_what, change) => {
    const connection = await addConnection(domain, ada, `c${names}-${Math.random()}`)
    const id = await store(ada, [connection])
    await domain.db
      .update(connections)
      .set({ parameters: sql`parameters || ${JSON.stringify(change)}::jsonb` })
      .where(eq(connections.id, connection))
    expect(await opened(id, connection)).toBe('destination changed')
  })

  it('S3 a destination forged in the association as well as in the connection does not open', async () => {
    const connection = await addConnection(domain, ada, `c${names}`)
    const elsewhere = await addConnection(domain, ada, `d${names}`, 'evil.example.com')
    const id = await store(ada, [connection])
    const decoy = await store(ada, [elsewhere])
    const [forged] = await domain.db.select().from(associations).where(eq(associations.credentialId, decoy))
    await domain.db
      .update(associations)
      .set({ destination: forged?.destination ?? '' })
      .where(eq(associations.credentialId, id))
    await domain.db
      .update(connections)
      .set({ parameters: sql`parameters || '{"host": "evil.example.com"}'::jsonb` })
      .where(eq(connections.id, connection))
    expect(await opened(id, connection)).toBe('unreadable')
    // An edit must not grant the new version to the forged destination either.
    const edit = {
      revision: 1,
      name: `kept ${names}`,
      description: '',
      typed: typed({ username: 'reporting', password: 'next one' }),
    }
    expect(await domain.vault.edit(ada, id, edit)).toMatchObject({ ok: true, version: 2 })
    expect(await opened(id, connection)).toBe('destination changed')
  })

  it('S2 grants and payloads swapped between credentials, versions or connections do not open', async () => {
    const [one, two] = [await addConnection(domain, ada, `c${names}`), await addConnection(domain, ada, `d${names}`)]
    const [a, b] = [await store(ada, [one], 'secret of a'), await store(ada, [two], 'secret of b')]
    const [grantA] = await domain.db.select().from(grants).where(eq(grants.connectionId, one))
    const [grantB] = await domain.db.select().from(grants).where(eq(grants.connectionId, two))
    if (!grantA || !grantB) throw new Error('Both grants exist.')
    await domain.db.update(grants).set({ sealed: grantB.sealed }).where(eq(grants.id, grantA.id))
    expect(await opened(a, one)).toBe('unreadable')
    await domain.db.update(grants).set({ sealed: grantA.sealed }).where(eq(grants.id, grantA.id))
    const [payloadB] = await domain.db.select().from(credentialVersions).where(eq(credentialVersions.credentialId, b))
    await domain.db
      .update(credentialVersions)
      .set({ payload: payloadB?.payload ?? Buffer.alloc(0) })
      .where(eq(credentialVersions.credentialId, a))
    expect(await opened(a, one)).toBe('unreadable')
    expect(await opened(b, two)).toBe('reporting:secret of b')
    expect((await entries('credential.use', a)).filter((entry) => entry.outcome === 'failed')).toHaveLength(2)
  })

  it('an edit of the password takes effect on every association at once, under the same id', async () => {
    const [one, two] = [await addConnection(domain, ada, `c${names}`), await addConnection(domain, ada, `d${names}`)]
    const id = await store(ada, [one, two])
    const edit = {
      revision: 1,
      name: `renamed ${names}`,
      description: '',
      typed: typed({ username: 'reporting2', password: 'new secret' }),
    }
    expect(await domain.vault.edit(ada, id, edit)).toEqual({ ok: true, version: 2 })
    expect([await opened(id, one), await opened(id, two)]).toEqual(['reporting2:new secret', 'reporting2:new secret'])
    expect(await entries('credential.edit', id)).toMatchObject([
      { outcome: 'allowed', details: { version: 2, renamed: true } },
    ])
  })

  it('an edit with a blank password keeps the sealed one; with nothing changed it makes no version', async () => {
    const connection = await addConnection(domain, ada, `c${names}`)
    const id = await store(ada, [connection])
    const blank = typed({ username: 'someone else', password: '' })
    expect(
      await domain.vault.edit(ada, id, { revision: 1, name: `n ${names}`, description: '', typed: blank }),
    ).toMatchObject({ version: 2 })
    expect(await opened(id, connection)).toBe('someone else:correct horse')
    expect(
      await domain.vault.edit(ada, id, { revision: 2, name: `m ${names}`, description: '', typed: blank }),
    ).toMatchObject({ version: 2 })
  })

  it('an edit with a stale revision changes nothing and returns the stored side', async () => {
    const id = await store(ada)
    const change = { name: `first ${names}`, description: '', typed: typed({ username: 'a', password: '' }) }
    await domain.vault.edit(ada, id, { revision: 1, ...change })
    const late = await domain.vault.edit(ada, id, { revision: 1, ...change, name: 'late' })
    expect(late).toMatchObject({
      ok: false,
      reason: 'stale',
      current: { revision: 2, name: `first ${names}`, username: 'a' },
    })
    expect(await entries('credential.edit', id)).toHaveLength(1)
  })

  it('a name taken by the same owner is refused after normalisation; another owner may have it', async () => {
    const input = { type: 'basic', description: '', connectionIds: [], fields: fields('u', 'a good secret') }
    await domain.vault.create(ada, { ...input, name: `Ｒeporting ${names}` })
    expect(await domain.vault.create(ada, { ...input, name: `reporting  ${names}` })).toMatchObject({
      ok: false,
      reason: 'name',
    })
    expect(await domain.vault.create(domain.ben, { ...input, name: `reporting ${names}` })).toMatchObject({ ok: true })
  })

  it('C1 a foreign id is not found by every method, and each attempt is in the ledger as denied', async () => {
    const connection = await addConnection(domain, ada, `c${names}`)
    const foreign = await addConnection(domain, domain.ben, `e${names}`)
    const id = await store(ada, [connection])
    const mine = await store(domain.ben)
    const edit = { revision: 1, name: 'x', description: '', typed: typed({ username: 'a', password: 'b' }) }
    for (const actor of [domain.ben, domain.root, domain.eve]) {
      const attempts = [
        () => domain.vault.open(actor, id, connection, use),
        () => domain.vault.edit(actor, id, edit),
        () => domain.vault.delete(actor, id),
        () => domain.vault.associate(actor, id, foreign),
        () => domain.vault.dissociate(actor, id, connection),
        () => domain.vault.makeDefault(actor, id, connection),
        () => domain.vault.confirmDestination(actor, id, connection, 'anywhere'),
      ]
      for (const attempt of attempts) await expect(attempt()).rejects.toBeInstanceOf(NotFound)
    }
    await expect(domain.vault.associate(domain.ben, mine, connection)).rejects.toBeInstanceOf(NotFound)
    await expect(domain.vault.open(domain.ben, mine, connection, use)).rejects.toBeInstanceOf(NotFound)
    const denied = await domain.db.select().from(auditEntries).where(eq(auditEntries.outcome, 'denied'))
    expect(denied.filter((entry) => entry.resourceId === id)).toHaveLength(21)
    expect(domain.connector.jobs).toHaveLength(0)
    expect(await opened(id, connection)).toBe('reporting:correct horse')
  })

  it('a changed destination opens again once its owner confirmed it, and not if it has moved on meanwhile', async () => {
    const connection = await addConnection(domain, ada, `c${names}`)
    const id = await store(ada, [connection])
    const moved = {
      name: `c${names}`,
      driver: 'postgresql',
      parameters: { host: 'new.example.com', port: '5432', database: 'sales', tls: 'verify-full' },
    }
    const edit = { revision: 1, input: moved, destinationConfirmed: false }
    expect(await domain.connections.edit(ada, connection, edit)).toMatchObject({
      reason: 'destination changes',
      associations: 1,
    })
    expect(await domain.connections.edit(ada, connection, { ...edit, destinationConfirmed: true })).toMatchObject({
      ok: true,
      stopped: 1,
    })
    expect(await opened(id, connection)).toBe('destination changed')
    const [bond] = (await domain.credentialQueries.show(ada, id)).associations
    expect(bond).toMatchObject({ destinationChanged: true })
    expect(await domain.vault.confirmDestination(ada, id, connection, 'postgresql://old')).toBe(false)
    expect(await domain.vault.confirmDestination(ada, id, connection, bond?.currentDestination ?? '')).toBe(true)
    expect(await opened(id, connection)).toBe('reporting:correct horse')
  })

  it('removing associations passes the default on and tells when none is left', async () => {
    const connection = await addConnection(domain, ada, `c${names}`)
    const [first, second] = [await store(ada, [connection]), await store(ada, [connection])]
    expect(await domain.connectionQueries.associatedCredentials(ada, connection)).toMatchObject([
      { credentialId: first, isDefault: true },
      { credentialId: second, isDefault: false },
    ])
    await domain.vault.makeDefault(ada, second, connection)
    expect(await domain.vault.dissociate(ada, second, connection)).toEqual({ remaining: 0 })
    expect(await domain.connectionQueries.associatedCredentials(ada, connection)).toMatchObject([
      { credentialId: first, isDefault: true },
    ])
    await expect(domain.vault.dissociate(ada, second, connection)).rejects.toBeInstanceOf(NotFound)
    expect(await opened(second, connection)).toBe('not associated')
  })

  it('deleting a credential takes its versions, grants and associations along', async () => {
    const connection = await addConnection(domain, ada, `c${names}`)
    const id = await store(ada, [connection])
    await domain.vault.delete(ada, id)
    for (const table of [grants, credentialVersions, associations]) {
      expect(await domain.db.select().from(table).where(eq(table.credentialId, id))).toEqual([])
    }
    await expect(domain.vault.open(ada, id, connection, use)).rejects.toBeInstanceOf(NotFound)
  })

  it('deleting the default account of a connection makes the next one the default', async () => {
    const connection = await addConnection(domain, ada, `c${names}`)
    const [first, second] = [await store(ada, [connection]), await store(ada, [connection])]
    await domain.vault.delete(ada, first)
    expect(await domain.connectionQueries.associatedCredentials(ada, connection)).toMatchObject([
      { credentialId: second, isDefault: true },
    ])
  })

  it('S3 a driver forged in a connection closes it, and breaks no page', async () => {
    const connection = await addConnection(domain, ada, `c${names}`)
    const id = await store(ada, [connection])
    await domain.db
      .update(connections)
      .set({ driver: 'forged', updatedAt: new Date() })
      .where(eq(connections.id, connection))
    expect(await opened(id, connection)).toBe('destination changed')
    const { rows } = await domain.credentialQueries.list(ada, {})
    expect(rows.find((row) => row.id === id)?.attention).toContain('moved')
    expect((await domain.credentialQueries.show(ada, id)).associations).toMatchObject([{ destinationChanged: true }])
    const [account] = await domain.connectionQueries.associatedCredentials(ada, connection)
    expect(account?.destinationChanged).toBe(true)
    await expect(domain.vault.associate(ada, await store(ada), connection)).rejects.toThrow(UnknownDriver)
    const agreed = currentDestination({ driver: 'forged', parameters: {} })
    await expect(domain.vault.confirmDestination(ada, id, connection, agreed)).rejects.toThrow(UnknownDriver)
  })

  it('an owner grant that does not open fails the edit closed and changes nothing', async () => {
    const id = await store(ada)
    await domain.db.update(grants).set({ organizationId: domain.eve.organizationId }).where(eq(grants.credentialId, id))
    await domain.db.update(credentials).set({ organizationId: ada.organizationId }).where(eq(credentials.id, id))
    const [grant] = await domain.db.select().from(grants).where(eq(grants.credentialId, id))
    const broken = Buffer.from(grant?.sealed ?? [])
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1
    await domain.db.update(grants).set({ sealed: broken }).where(eq(grants.credentialId, id))
    const edit = { revision: 1, name: 'x', description: '', typed: typed({ username: 'a', password: 'b' }) }
    await expect(domain.vault.edit(ada, id, edit)).rejects.toBeInstanceOf(Unreadable)
    expect(await entries('credential.edit', id)).toMatchObject([{ outcome: 'failed' }])
  })

  it('a ledger that cannot be written fails every change, and nothing has happened', async () => {
    const id = await store(ada)
    await asOwner(domain, 'alter table audit_entries rename to audit_entries_away')
    try {
      await expect(domain.vault.delete(ada, id)).rejects.toThrow()
      await expect(store(ada)).rejects.toThrow()
    } finally {
      await asOwner(domain, 'alter table audit_entries_away rename to audit_entries')
    }
    expect((await domain.credentialQueries.show(ada, id)).id).toBe(id)
  })

  it('with stored credentials off nothing is stored, used or shown; on again everything works', async () => {
    const connection = await addConnection(domain, ada, `c${names}`)
    const id = await store(ada, [connection])
    await domain.features.change(domain.root, ada.organizationId, 'stored_credentials', false)
    try {
      await expect(store(ada)).rejects.toBeInstanceOf(FeatureOff)
      await expect(opened(id, connection)).rejects.toBeInstanceOf(FeatureOff)
      const { credentialQueries: queries } = domain
      await expect(queries.show(ada, id)).rejects.toBeInstanceOf(FeatureOff)
      await expect(queries.list(ada, {})).rejects.toBeInstanceOf(FeatureOff)
      await expect(queries.notAssociated(ada, { id: connection, driver: 'postgresql' })).rejects.toBeInstanceOf(
        FeatureOff,
      )
      await expect(queries.checkName(ada, 'any')).rejects.toBeInstanceOf(FeatureOff)
      // Refused before anything is sent to the target.
      const jobs = domain.connector.jobs.length
      const account = { type: basic, name: `new ${names}`, description: '', connectionId: connection, signIn: true }
      const saving = domain.saving.create(ada, { ...account, typed: typed({ username: 'u', password: 'p' }) })
      await expect(saving).rejects.toBeInstanceOf(FeatureOff)
      expect(domain.connector.jobs).toHaveLength(jobs)
    } finally {
      await domain.features.change(domain.root, ada.organizationId, 'stored_credentials', true)
    }
    expect(await opened(id, connection)).toBe('reporting:correct horse')
  })
})

describe('what the target said of an account', () => {
  it('its end is kept with the association, handed to the next use, and forgotten with an edit', async () => {
    const connection = await addConnection(domain, ada, `c${names}`)
    const id = await store(ada, [connection])
    domain.connector.next = {
      ...signedIn,
      value: { serverVersion: '18', expiresAt: '2020-01-01T00:00:00.000Z' },
    } as typeof signedIn
    const account = { kind: 'stored', credentialId: id } as const
    await domain.signIns.create(ada, connection, account, 'test')
    domain.connector.next = signedIn
    expect(await domain.vault.open(ada, id, connection, use)).toMatchObject({
      credential: { knownExpiry: '2020-01-01T00:00:00.000Z' },
    })
    const edit = {
      revision: 1,
      name: `e ${names}`,
      description: '',
      typed: typed({ username: 'u', password: 'another' }),
    }
    await domain.vault.edit(ada, id, edit)
    const after = await domain.vault.open(ada, id, connection, use)
    expect(after.ok && after.credential.knownExpiry).toBeUndefined()
  })

  it.each(['nonsense', '0000-01-01T00:00:00.000Z', '+275000-01-01T00:00:00.000Z', '-000001-01-01T00:00:00.000Z'])(
    'an end that is no date of ours, %s, is not kept',
    async (expiresAt) => {
      const connection = await addConnection(domain, ada, `c${names}-${expiresAt}`)
      const id = await store(ada, [connection])
      domain.connector.next = { ...signedIn, value: { serverVersion: '18', expiresAt } } as typeof signedIn
      await domain.signIns.create(ada, connection, { kind: 'stored', credentialId: id }, 'test')
      domain.connector.next = signedIn
      const [bond] = await domain.db.select().from(associations).where(eq(associations.credentialId, id))
      expect([bond?.lastSignInCode, bond?.learnedExpiresAt]).toEqual(['ok', null])
    },
  )

  it('a sign-in whose connection is deleted meanwhile still says what came of it', async () => {
    const connection = await addConnection(domain, ada, `c${names}`)
    const run = domain.connector.run
    domain.connector.run = async (job, options) => {
      await domain.connections.delete(ada, connection, 'detach')
      return run(job, options)
    }
    const fields = { username: new Secret('u'), password: new Secret('p') }
    const outcome = await domain.signIns.create(ada, connection, { kind: 'typed', type: 'basic', fields }, 'test')
    domain.connector.run = run
    expect(outcome.code).toBe('ok')
  })
})

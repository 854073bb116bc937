import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { newId } from '../db/new-id.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { datasetShares } from '../db/schema/dataset-shares.ts'
import { datasetTags } from '../db/schema/dataset-tags.ts'
import { datasetSearch } from '../db/schema/search.ts'
import { Secret } from '../secrets/secret.ts'
import { addConnection, type TestDomain, testDomain } from '../testing/domain.ts'
import { indexDataset } from './documents.ts'
import { createFilling } from './filling.ts'
import type { Findings } from './search.ts'

let domain: TestDomain

beforeAll(async () => {
  domain = await testDomain()
})
afterAll(() => domain.close())

async function found(actor: UserActor, text: string): Promise<Findings> {
  const outcome = await domain.search.find(actor, text)
  if (outcome.kind !== 'found') throw new Error(`It came to: ${outcome.kind}.`)
  return outcome.findings
}

async function names(actor: UserActor, text: string, group: keyof Findings): Promise<string[]> {
  return (await found(actor, text))[group].rows.map((row) => row.name)
}

/** A dataset with a completed version, straight to the tables and indexed. */
async function addDataset(owner: UserActor, name: string, columns: readonly string[] = [], connectionId?: string) {
  const { id: ownerId, organizationId } = owner
  const id = newId()
  await domain.db.transaction(async (tx) => {
    const source = { kind: 'table', schema: 'public', table: 't' } as const
    await tx.insert(datasets).values({ id, organizationId, ownerId, name, connectionId: connectionId ?? null, source })
    await addVersion(tx, owner, id, 1, columns)
    await indexDataset(tx, id)
  })
  return id
}

type Tx = Parameters<Parameters<TestDomain['db']['transaction']>[0]>[0]

async function addVersion(tx: Tx, owner: UserActor, datasetId: string, number: number, columns: readonly string[]) {
  await tx.insert(datasetVersions).values({
    ...{ id: newId(), organizationId: owner.organizationId, datasetId, number, createdBy: owner.id, runId: newId() },
    ...{ status: 'completed', accountName: 'reader', columns: columns.map((name) => ({ name, type: 'VARCHAR' })) },
  })
}

async function addCredential(owner: UserActor, name: string, username: string): Promise<string> {
  const fields = { username: new Secret(username), password: new Secret('nobody types this') }
  const outcome = await domain.vault.create(owner, { name, type: 'basic', description: '', fields, connectionIds: [] })
  if (!outcome.ok) throw new Error(JSON.stringify(outcome))
  return outcome.id
}

describe('A search', () => {
  it('finds any part of a name, whatever its case and accents', async () => {
    await addDataset(domain.ada, 'Einkäufe der Straße 2024')
    for (const text of ['EINKAUFE', 'käuf', 'strasse 20', '2024', 'e der s']) {
      expect(await names(domain.ada, text, 'datasets')).toEqual(['Einkäufe der Straße 2024'])
    }
    expect(await names(domain.ada, 'einkaufe strasse', 'datasets')).toEqual([])
  })

  it('shows the whole name first, then its beginning, then a part', async () => {
    for (const name of ['Old turnover', 'Turnover 2023', 'turnover', 'All turnovers'])
      await addDataset(domain.ada, name)
    expect(await names(domain.ada, 'turnover', 'datasets')).toEqual([
      'turnover',
      'Turnover 2023',
      'All turnovers',
      'Old turnover',
    ])
  })

  it('of columns, looks at the latest version that has data, and names those that match', async () => {
    const id = await addDataset(domain.ada, 'Shipments', ['id', 'Liefer_Datum', 'Liefer-Ort', 'weight'])
    expect((await found(domain.ada, 'liefer')).columns.rows).toMatchObject([
      { id, name: 'Shipments', columns: [{ name: 'Liefer_Datum' }, { name: 'Liefer-Ort' }], moreColumns: 0 },
    ])
    await domain.db.transaction(async (tx) => {
      await addVersion(tx, domain.ada, id, 2, ['id', 'delivered_on'])
      await indexDataset(tx, id)
    })
    expect((await found(domain.ada, 'liefer')).columns).toEqual({ rows: [], total: 0, more: false })
    expect(await names(domain.ada, 'delivered', 'columns')).toEqual(['Shipments'])
  })

  it('looks at the description and the tags of a dataset too', async () => {
    const id = await addDataset(domain.ada, 'Plain')
    await domain.db.update(datasets).set({ description: 'Übersicht of the quarter' }).where(eq(datasets.id, id))
    await domain.db.insert(datasetTags).values({ datasetId: id, tag: 'Größter', tagKey: 'größter' })
    await domain.db.transaction((tx) => indexDataset(tx, id))
    for (const text of ['ubersicht', 'the quarter', 'GROSSTER']) {
      expect(await names(domain.ada, text, 'datasets')).toEqual(['Plain'])
    }
    expect(await names(domain.ada, 'quarter grosster', 'datasets')).toEqual([])
  })

  it('finds nothing that begins in one column and ends in the next', async () => {
    await addDataset(domain.ada, 'Edges', ['alpha', 'omega'])
    expect(await names(domain.ada, 'alpha omega', 'columns')).toEqual([])
    expect(await names(domain.ada, 'haom', 'columns')).toEqual([])
  })

  it('of a connection, looks at its name and at where it leads, as they are now', async () => {
    const id = await addConnection(domain, domain.ada, 'Größen', 'figures.example.com')
    expect(await names(domain.ada, 'grossen', 'connections')).toEqual(['Größen'])
    expect(await names(domain.ada, 'figures.example', 'connections')).toEqual(['Größen'])
    const input = {
      name: 'Sizes',
      driver: 'postgresql',
      parameters: { host: 'sizes.example.com', port: '5432', database: 'sales', tls: 'verify-full' },
    }
    await domain.connections.edit(domain.ada, id, { revision: 1, input, destinationConfirmed: true })
    expect(await names(domain.ada, 'grossen', 'connections')).toEqual([])
    expect(await names(domain.ada, 'sizes.ex', 'connections')).toEqual(['Sizes'])
    expect((await domain.connectionQueries.list(domain.ada, { text: 'SIZES.EXAMPLE' })).rows).toHaveLength(1)
    await domain.connections.delete(domain.ada, id, 'detach')
    expect(await names(domain.ada, 'sizes.ex', 'connections')).toEqual([])
  })

  it('takes what looks like a pattern, markup or SQL as text', async () => {
    const odd = [
      '100% done',
      'a_b',
      "Robert'); drop table datasets;--",
      '<script>alert(1)</script>',
      '{{7*7}} {x}',
      '🦊 fox',
      '\\d+',
    ]
    for (const name of odd) await addDataset(domain.ben, name)
    for (const name of odd) expect(await names(domain.ben, name, 'datasets')).toEqual([name])
    expect(await names(domain.ben, '%%', 'datasets')).toEqual([])
    expect(await names(domain.ben, 'a%b', 'datasets')).toEqual([])
    expect(await names(domain.ben, '__', 'datasets')).toEqual([])
    expect(await names(domain.ben, 'fo\0x', 'datasets')).toEqual([])
  })

  it.each([
    ['', 'nothing asked'],
    [' \n\t', 'nothing asked'],
    ['a', 'too short'],
    ['é ', 'too short'],
    ['x'.repeat(401), 'too long'],
  ])('for %j is not made', async (text, kind) => {
    expect(await domain.search.find(domain.ada, text)).toEqual({ kind })
  })

  it('for 400 characters is made', async () => {
    expect((await found(domain.ada, 'x'.repeat(400))).datasets.total).toBe(0)
  })

  it('shows ten of a kind and counts a hundred, with the whole name among however many others', async () => {
    for (let index = 0; index < 104; index++) await addDataset(domain.root, `Parcel ${String(index).padStart(3, '0')}`)
    await addDataset(domain.root, 'Parcel')
    const { datasets: hits } = await found(domain.root, 'parcel')
    expect(hits).toMatchObject({ total: 100, more: true })
    expect(hits.rows).toHaveLength(10)
    expect(hits.rows[0]?.name).toBe('Parcel')
    expect((await found(domain.root, 'parcel 00')).datasets).toMatchObject({ total: 10, more: false })
  })
})

describe('Who searches', () => {
  it('finds none of what others have, in the same organization or in another', async () => {
    const connection = await addConnection(domain, domain.ada, 'Hidden place')
    await addDataset(domain.ada, 'Hidden figures', ['hidden_column'], connection)
    await addCredential(domain.ada, 'Hidden account', 'hidden_user')
    expect(await names(domain.ada, 'hidden', 'credentials')).toEqual(['Hidden account'])
    for (const stranger of [domain.ben, domain.root, domain.eve]) {
      const findings = await found(stranger, 'hidden')
      expect(Object.values(findings).map(({ total }) => total)).toEqual([0, 0, 0, 0, 0])
    }
  })

  it('finds a connection as long as it is shared with them', async () => {
    const id = await addConnection(domain, domain.ada, 'Lent place')
    expect(await names(domain.ben, 'lent place', 'connections')).toEqual([])
    await domain.sharing.share(domain.ada, id, domain.ben.email, 'consumer')
    expect(await names(domain.ben, 'lent place', 'connections')).toEqual(['Lent place'])
    expect(await names(domain.root, 'lent place', 'connections')).toEqual([])
    await domain.sharing.remove(domain.ada, id, domain.ben.id)
    expect(await names(domain.ben, 'lent place', 'connections')).toEqual([])
    expect(await names(domain.ada, 'lent place', 'connections')).toEqual(['Lent place'])
  })

  it('is shown nothing that the shares do not say, whatever the index says', async () => {
    const id = await addDataset(domain.ada, 'Misfiled')
    const viewers = [domain.ada.id, domain.ben.id, domain.eve.id]
    await domain.db.update(datasetSearch).set({ viewers }).where(eq(datasetSearch.datasetId, id))
    expect(await names(domain.ada, 'misfiled', 'datasets')).toEqual(['Misfiled'])
    expect(await names(domain.ben, 'misfiled', 'datasets')).toEqual([])
    expect(await names(domain.eve, 'misfiled', 'datasets')).toEqual([])
  })

  it('finds a dataset and its columns as long as it is shared with them', async () => {
    const id = await addDataset(domain.ada, 'Lent figures', ['lent_column'])
    const share = { datasetId: id, userId: domain.ben.id, organizationId: domain.ben.organizationId }
    await domain.db.insert(datasetShares).values({ ...share, role: 'consumer', createdBy: domain.ada.id })
    await domain.db.transaction((tx) => indexDataset(tx, id))
    expect(await names(domain.ben, 'lent figures', 'datasets')).toEqual(['Lent figures'])
    expect(await names(domain.ben, 'lent_column', 'columns')).toEqual(['Lent figures'])
    expect(await names(domain.root, 'lent figures', 'datasets')).toEqual([])
    await domain.db.delete(datasetShares).where(eq(datasetShares.datasetId, id))
    expect(await names(domain.ben, 'lent figures', 'datasets')).toEqual([])
    await domain.db.transaction((tx) => indexDataset(tx, id))
    expect(await names(domain.ben, 'lent figures', 'datasets')).toEqual([])
    expect(await names(domain.ada, 'lent figures', 'datasets')).toEqual(['Lent figures'])
  })

  it('is not told the connection of a dataset once that was taken from them', async () => {
    const connection = await addConnection(domain, domain.ada, 'Withdrawn')
    await domain.sharing.share(domain.ada, connection, domain.ben.email, 'consumer')
    await addDataset(domain.ben, 'Left over', [], connection)
    expect((await found(domain.ben, 'left over')).datasets.rows[0]?.connectionName).toBe('Withdrawn')
    await domain.sharing.remove(domain.ada, connection, domain.ben.id)
    expect((await found(domain.ben, 'left over')).datasets.rows[0]?.connectionName).toBeNull()
  })

  it('finds credentials that others share by their name, and never by the username', async () => {
    const id = await addCredential(domain.ada, 'Écoles und Straßen', 'private_user')
    await domain.credentialSharing.share(domain.ada, id, domain.ben.email)
    expect((await found(domain.ben, 'ecoles')).shared.rows).toEqual([
      { id, name: 'Écoles und Straßen', ownerName: 'Ada' },
    ])
    expect(await names(domain.ben, 'strassen', 'shared')).toEqual(['Écoles und Straßen'])
    expect(await names(domain.ben, 'private_user', 'shared')).toEqual([])
    expect(await names(domain.ada, 'private_user', 'credentials')).toEqual(['Écoles und Straßen'])
    await domain.credentialSharing.unshare(domain.ada, id, domain.ben.id)
    expect(await names(domain.ben, 'ecoles', 'shared')).toEqual([])
  })

  it('without stored credentials finds none, and the rest as before', async () => {
    await addCredential(domain.root, 'Switched account', 'switched')
    await addDataset(domain.root, 'Switched data')
    const { organizationId } = domain.root
    await domain.features.change(domain.root, organizationId, 'stored_credentials', false)
    const findings = await found(domain.root, 'switched')
    expect(findings.credentials.total).toBe(0)
    expect(findings.datasets.total).toBe(1)
    await domain.features.change(domain.root, organizationId, 'stored_credentials', true)
    expect((await found(domain.root, 'switched')).credentials.total).toBe(1)
  })

  it('does not find a deleted dataset', async () => {
    const id = await addDataset(domain.ada, 'Thrown away', ['thrown_column'])
    await domain.db.update(datasets).set({ deletedAt: new Date() }).where(eq(datasets.id, id))
    const findings = await found(domain.ada, 'thrown')
    expect([findings.datasets.total, findings.columns.total]).toEqual([0, 0])
  })
})

describe('What was stored before', () => {
  it('is found after it was filled in, by however many processes at once', async () => {
    const id = await addDataset(domain.ada, 'From earlier', ['earlier_column'])
    const connection = await addConnection(domain, domain.ada, 'Earlier place')
    await domain.sharing.share(domain.ada, connection, domain.ben.email, 'editor')
    await domain.db.delete(datasetSearch).where(eq(datasetSearch.datasetId, id))
    await domain.db.execute('delete from connection_search')
    expect(await names(domain.ada, 'earlier', 'datasets')).toEqual([])
    const { signal } = new AbortController()
    await Promise.all([1, 2, 3].map(() => createFilling(domain.db).once(signal)))
    expect(await names(domain.ada, 'earlier', 'datasets')).toEqual(['From earlier'])
    expect(await names(domain.ada, 'earlier', 'columns')).toEqual(['From earlier'])
    expect(await names(domain.ben, 'earlier', 'connections')).toEqual(['Earlier place'])
    expect(await createFilling(domain.db).once(signal)).toBe(0)
  })
})

describe('Two changes at once', () => {
  it('are both in what is found', async () => {
    const id = await addDataset(domain.ada, 'Twice changed')
    await Promise.all(
      ['first_column', 'second_column'].map((column, index) =>
        domain.db.transaction(async (tx) => {
          await addVersion(tx, domain.ada, id, index + 2, ['shared_column', column])
          await indexDataset(tx, id)
        }),
      ),
    )
    expect(await names(domain.ada, 'second_column', 'columns')).toEqual(['Twice changed'])
  })
})

import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { NotFound } from '../access/refusals.ts'
import { createCatalog } from '../catalog/catalog.ts'
import { associations } from '../db/schema/credentials.ts'
import { createLog } from '../log.ts'
import { Secret } from '../secrets/secret.ts'
import { addConnection, type TestDomain, testDomain } from '../testing/domain.ts'

let domain: TestDomain
let connectionId: string
let count = 0

beforeAll(async () => {
  domain = await testDomain()
})
afterAll(() => domain.close())

beforeEach(async () => {
  connectionId = await addConnection(domain, domain.ada, `Sales ${++count}`)
})

/** Whatever came of each: an outcome, or a refusal that people read. A deadlock or a broken constraint is neither. */
async function together(work: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const one of await Promise.allSettled(work.map((run) => run()))) {
    if (one.status === 'rejected' && !(one.reason instanceof NotFound)) throw one.reason
  }
}

describe('Two at once', () => {
  it('making defaults and removing associations of one connection, leave at most one default and no error', async () => {
    for (let round = 0; round < 15; round++) {
      const ids = await Promise.all([1, 2, 3, 4].map(() => stored([connectionId])))
      const [a = '', b = '', c = '', d = ''] = ids
      await together([
        () => domain.vault.makeDefault(domain.ada, a, connectionId),
        () => domain.vault.dissociate(domain.ada, b, connectionId),
        () => domain.vault.makeDefault(domain.ada, c, connectionId),
        () => domain.vault.dissociate(domain.ada, a, connectionId),
        () => domain.vault.makeDefault(domain.ada, d, connectionId),
      ])
      const left = await bonds()
      expect(left.filter((bond) => bond.isDefault)).toHaveLength(1)
    }
  })

  it('deleting the connection while its credentials are edited, associated and removed, leave no error', async () => {
    for (let round = 0; round < 15; round++) {
      const doomed = await addConnection(domain, domain.ada, `Doomed ${++count}`)
      const [a, b, c] = [await stored([doomed]), await stored([doomed]), await stored([])]
      await together([
        () => edit(a),
        () => domain.vault.associate(domain.ada, c, doomed),
        () => domain.vault.dissociate(domain.ada, b, doomed),
        () => domain.connections.delete(domain.ada, doomed, 'delete'),
        () => domain.vault.makeDefault(domain.ada, a, doomed),
        () => edit(b),
      ])
      const opened = await domain.vault.edit(domain.ada, a, change(99))
      expect(opened).toMatchObject({ ok: false, reason: 'stale' })
    }
  })

  it('creating and refreshing datasets while accounts are associated and connections go, leave no error', async () => {
    const { db, guard, datasetKeys } = domain
    const use = { run: async () => ({ ok: false, code: 'internal', diagnosis: [] }) as const }
    const catalog = createCatalog({
      ...{ db, guard, use, datasetKeys, directory: '/nonexistent' },
      log: createLog({ level: 'silent' }),
    })
    for (let round = 0; round < 15; round++) {
      const doomed = await addConnection(domain, domain.ada, `Doomed ${++count}`)
      const id = await stored([doomed])
      const account = { kind: 'stored', credentialId: id } as const
      const items = [{ name: 't', source: { kind: 'table', schema: 's', table: 't' } }] as const
      const order = { connectionId: doomed, account, items, rowLimit: null }
      const [dataset = ''] = await catalog.datasets.create(domain.ada, order)
      await catalog.snapshots.idle()
      await together([
        () => catalog.datasets.create(domain.ada, order),
        () => domain.vault.associate(domain.ada, id, doomed),
        () => catalog.datasets.refresh(domain.ada, dataset, account),
        () => domain.connections.delete(domain.ada, doomed, 'delete'),
        () => domain.vault.open(domain.ada, id, doomed, { purpose: 'test', runId: id }),
        () => domain.vault.delete(domain.ada, id),
      ])
      await catalog.snapshots.idle()
    }
    await catalog.close()
  })
})

async function stored(connectionIds: readonly string[]): Promise<string> {
  const fields = { username: new Secret('reader'), password: new Secret('a password') }
  const name = `Account ${++count}`
  const made = await domain.vault.create(domain.ada, { type: 'basic', name, description: '', fields, connectionIds })
  if (!made.ok) throw new Error(made.error)
  return made.id
}

function change(revision: number) {
  const values = new Map([
    ['username', 'reader'],
    ['password', `new ${++count}`],
  ])
  const typed = { text: (id: string) => values.get(id), cleared: () => false }
  return { revision, name: `Account ${++count}`, description: '', typed }
}

function edit(id: string) {
  return domain.vault.edit(domain.ada, id, change(1))
}

function bonds() {
  return domain.db.select().from(associations).where(eq(associations.connectionId, connectionId))
}

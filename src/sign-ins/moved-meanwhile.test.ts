import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { basic } from '../credentials/types/basic.ts'
import { credentials, grants } from '../db/schema/credentials.ts'
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
  await domain.sharing.share(domain.ada, connectionId, domain.ben.email, 'consumer')
  domain.connector.jobs.length = 0
})

const typed = { text: (id: string) => ({ username: 'reader', password: 'a password' })[id], cleared: () => false }

describe('A connection that its owner moves', () => {
  it('between the proof of an account and its grant, is granted nothing and the account is not stored', async () => {
    const run = domain.connector.run
    domain.connector.run = async (job, options) => {
      await move()
      return run(job, options)
    }
    try {
      const account = { type: basic, name: `Proven ${count}`, description: '', typed, connectionId, signIn: true }
      const outcome = await domain.saving.create(domain.ben, account)
      if (outcome.kind !== 'refused') throw new Error(outcome.kind)
      expect(outcome.diagnosis.find(({ state }) => state === 'failed')?.sentence).toContain('destination changed')
    } finally {
      domain.connector.run = run
    }
    expect(domain.connector.jobs).toMatchObject([{ job: { destination: { host: 'db.example.com' } } }])
    expect(await storedOf(`Proven ${count}`)).toEqual([])
    expect(await domain.db.select().from(grants).where(eq(grants.connectionId, connectionId))).toEqual([])
  })

  it('while an account for it is typed, gets nothing of that account', async () => {
    const { destination } = await domain.connectionQueries.show(domain.ben, connectionId)
    await move()
    const account = { type: basic, name: `Typed ${count}`, description: '', typed, connectionId, destination }
    for (const signIn of [true, false]) {
      expect(await domain.saving.create(domain.ben, { ...account, signIn })).toMatchObject({ kind: 'refused' })
    }
    expect(domain.connector.jobs).toEqual([])
    expect(await storedOf(`Typed ${count}`)).toEqual([])
  })

  it('after its page was shown, is not associated with a stored account', async () => {
    const fields = { username: new Secret('reader'), password: new Secret('a password') }
    const its = { type: 'basic', name: `Stored ${count}`, description: '', fields, connectionIds: [] }
    const made = await domain.vault.create(domain.ben, its)
    if (!made.ok) throw new Error(made.error)
    const { destination } = await domain.connectionQueries.show(domain.ben, connectionId)
    await move()
    const associate = (agreed: string) => domain.vault.associate(domain.ben, made.id, connectionId, agreed)
    expect(await associate(destination)).toEqual({ ok: false, reason: 'destination changed' })
    expect(await domain.connectionQueries.associatedCredentials(domain.ben, connectionId)).toEqual([])
    const now = (await domain.connectionQueries.show(domain.ben, connectionId)).destination
    expect(await associate(now)).toEqual({ ok: true })
  })
})

async function move(): Promise<void> {
  const { name, parameters, revision } = await domain.connectionQueries.show(domain.ada, connectionId)
  const input = { name, driver: 'postgresql', parameters: { ...parameters, host: 'elsewhere.example.com' } }
  const moved = await domain.connections.edit(domain.ada, connectionId, { revision, input, destinationConfirmed: true })
  if (!moved.ok) throw new Error(moved.reason)
}

function storedOf(name: string) {
  return domain.db.select().from(credentials).where(eq(credentials.name, name))
}

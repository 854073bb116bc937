import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Job, TooBusy } from '../connector/driver.ts'
import { Secret } from '../secrets/secret.ts'
import { addConnection, type TestDomain, testDomain } from '../testing/domain.ts'

let domain: TestDomain

beforeAll(async () => {
  domain = await testDomain()
})
afterAll(() => domain.close())

it('An account that was opened for a use is wiped, also where that comes to nothing', async () => {
  const connectionId = await addConnection(domain, domain.ada)
  const secrets = () => ({ username: new Secret('reader'), password: new Secret('hunter2-and-a-half') })
  const its = { type: 'basic', name: 'Reporting', description: '', fields: secrets(), connectionIds: [connectionId] }
  const made = await domain.vault.create(domain.ada, its)
  if (!made.ok) throw new Error(made.error)
  const opened: Job[] = []
  domain.connector.run = async (job) => {
    opened.push(job)
    throw new TooBusy(1)
  }
  const typed = { kind: 'typed', type: 'basic', fields: secrets() } as const
  for (const account of [{ kind: 'stored', credentialId: made.id } as const, typed]) {
    await expect(domain.signIns.create(domain.ada, connectionId, account, 'test')).rejects.toThrow(TooBusy)
  }
  const left = opened.flatMap(({ credential }) => Object.values(credential.fields))
  expect(left).toHaveLength(4)
  expect(left.every((secret) => secret.expose().every((byte) => byte === 0))).toBe(true)
})

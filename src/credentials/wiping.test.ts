import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { Secret } from '../secrets/secret.ts'
import { type TestDomain, testDomain } from '../testing/domain.ts'

let domain: TestDomain

beforeAll(async () => {
  domain = await testDomain()
})
afterAll(() => domain.close())

it('an edit leaves no secret in memory, neither what was typed nor what it opened', async () => {
  const fields = { username: new Secret('reporting'), password: new Secret('correct horse') }
  const made = await domain.vault.create(domain.ada, {
    type: 'basic',
    name: 'Reporting',
    description: '',
    fields,
    connectionIds: [],
  })
  if (!made.ok) throw new Error(made.error)
  const { expose } = Secret.prototype
  const seen = new Set<Secret>()
  const spy = vi.spyOn(Secret.prototype, 'expose').mockImplementation(function (this: Secret) {
    seen.add(this)
    return expose.call(this)
  })
  for (const [index, password] of ['', 'battery staple'].entries()) {
    const values: Record<string, string> = { username: `reporting ${index}`, password }
    const typed = { text: (id: string) => values[id], cleared: () => false }
    const edit = { revision: index + 1, name: 'Reporting', description: '', typed }
    expect(await domain.vault.edit(domain.ada, made.id, edit)).toMatchObject({ ok: true, version: index + 2 })
  }
  spy.mockRestore()
  expect(seen.size).toBeGreaterThan(3)
  for (const secret of seen) expect(secret.expose().every((byte) => byte === 0)).toBe(true)
})

import { format, inspect } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { Secret } from './secret.ts'

const canary = 'canary-9c1185a5c5e9fc54612808977ee8f548'

describe('Secret', () => {
  it('printing, serialising, spreading or cloning one gives nothing of it', () => {
    const secret = new Secret(canary)
    const shown = [
      String(secret),
      `${secret}`,
      JSON.stringify({ secret, list: [secret] }),
      inspect(secret, { depth: 9, showHidden: true }),
      inspect({ deep: { secret } }, { depth: 9, showProxy: true }),
      format('%s %o %O %j', secret, secret, secret, secret),
      JSON.stringify({ ...secret }),
      JSON.stringify(Object.getOwnPropertyNames(secret)),
      inspect(structuredClone({ ...secret })),
      serialize({ ...secret }).toString('latin1'),
      inspect(deserialize(serialize(secret))),
      new Error(`Failed with ${secret}`).stack,
    ]
    for (const text of shown) {
      expect(text).not.toContain(canary)
      expect(text).not.toContain(Buffer.from(canary).toString('hex'))
      expect(text).not.toContain([...Buffer.from(canary).subarray(0, 6)].join(', '))
    }
  })

  it('keeps a copy of its own and gives nothing once wiped', () => {
    const bytes = Buffer.from(canary)
    const secret = new Secret(bytes)
    const copy = secret.copy()
    bytes.fill(0)
    expect(secret.expose().toString()).toBe(canary)
    secret.wipe()
    expect(secret.expose().every((byte) => byte === 0)).toBe(true)
    expect(copy.expose().toString()).toBe(canary)
  })
})

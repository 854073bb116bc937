import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../package-root.ts'
import { pythonReads } from '../testing/provision.ts'
import { encodeContext } from './context.ts'
import { grantConnection, openForConnection, openForOwner, sealVersion } from './grants.ts'
import { keksFromText } from './kek/file.ts'
import { kekFromKey } from './kek/kek.ts'
import { newKeyText, parseKeyText } from './kek/key-text.ts'
import { createKeyring } from './keyring.ts'
import { Secret } from './secret.ts'

/** Everything a reader needs, as docs/record-format.md §8 names it; bytes are hex. */
type Given = Readonly<Record<string, string | number>>

describe.skipIf(!pythonReads())('S2 a reader in another language, made from docs/record-format.md', () => {
  it('opens what Keyward sealed, from the key file to the exact bytes of each field', () => {
    const password = randomBytes(70)
    expect(readWithPython(sealed({ username: 'Zoë', password }))).toEqual({
      username: Buffer.from('Zoë').toString('hex'),
      password: password.toString('hex'),
    })
  })

  it('opens the example of the document', () => {
    expect(readWithPython(example())).toEqual({
      username: Buffer.from('reporting').toString('hex'),
      password: Buffer.from('correct horse battery staple').toString('hex'),
    })
  })

  it.each(['deployment', 'organization', 'credential', 'connection', 'destination'])(
    'refuses the same records for another %s',
    (name) => {
      const given = sealed({ password: 'p' })
      expect(readWithPython({ ...given, [name]: `${given[name]}x` })).toBe('refused')
    },
  )
})

describe('the example of docs/record-format.md', () => {
  it('opens with Keyward too, by the owner grant and by the connection grant', () => {
    const given = example()
    const { keyring, identity } = chainOf(given)
    const binding = { connectionId: String(given.connection), destination: String(given.destination) }
    const payload = bytes(given, 'payload')
    const byOwner = openForOwner(keyring, identity, { keyTerm: 1, sealed: bytes(given, 'ownerGrant') }, payload)
    const connectionGrant = { keyTerm: 1, sealed: bytes(given, 'connectionGrant') }
    const byConnection = openForConnection(keyring, identity, connectionGrant, payload, binding)
    for (const fields of [byOwner, byConnection]) {
      expect(fields.username?.expose().toString()).toBe('reporting')
      expect(fields.password?.expose().toString()).toBe('correct horse battery staple')
    }
  })

  it('S5 its key, which everyone knows, is refused as a key', () => {
    expect(chainOf(example()).fingerprint).toBe(example().fingerprint)
    expect(() => parseKeyText(String(example().kek))).toThrow(/published/)
  })
})

/** A version sealed now, under new keys, with its whole chain. */
function sealed(values: Record<string, string | Buffer>): Given {
  const [deployment, organization, credential, connection] = ['d', 'o', 'c', 'k']
  const destination = 'postgresql://db.example.com:5432 tls=verify-full ca=system'
  const kekText = newKeyText()
  const [kek] = keksFromText(kekText)
  const termKey = randomBytes(32)
  const keyring = createKeyring(new Map([[7, termKey]]), 7)
  const identity = { deploymentId: deployment, organizationId: organization, credentialId: credential, version: 3 }
  const fields = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, new Secret(value)]))
  const { payload, owner } = sealVersion(keyring, identity, fields)
  const grant = grantConnection(keyring, identity, owner, { connectionId: connection, destination })
  const wrap = kek?.wrap(termKey, encodeContext(['keyward/wrap/v1', deployment, 'records', 7]))
  const hex = { wrap, ownerGrant: owner.sealed, connectionGrant: grant.sealed, payload }
  return {
    ...{ kek: kekText, deployment, organization, credential, connection, destination, version: 3, term: 7 },
    ...Object.fromEntries(Object.entries(hex).map(([name, value]) => [name, value?.toString('hex') ?? ''])),
  }
}

function readWithPython(given: Given): unknown {
  const script = join(packageRoot(), 'src/secrets/read_record.py')
  const { status, stdout, stderr } = spawnSync('python3', [script], { input: JSON.stringify(given), encoding: 'utf8' })
  return status === 0 ? JSON.parse(stdout) : stderr.trim()
}

function example(): Given {
  const document = readFileSync(join(packageRoot(), 'docs/record-format.md'), 'utf8')
  return JSON.parse(/```json\n(.*?)\n```/s.exec(document)?.[1] ?? '')
}

function chainOf(given: Given) {
  const identity = {
    deploymentId: String(given.deployment),
    organizationId: String(given.organization),
    credentialId: String(given.credential),
    version: Number(given.version),
  }
  const kek = kekFromKey(Buffer.from(String(given.kek).slice(7, 50), 'base64url'))
  const termKey = kek.unwrap(
    bytes(given, 'wrap'),
    encodeContext(['keyward/wrap/v1', given.deployment ?? '', 'records', 1]),
  )
  return { identity, keyring: createKeyring(new Map([[1, termKey]]), 1), fingerprint: kek.fingerprint }
}

function bytes(given: Given, name: string): Buffer {
  return Buffer.from(String(given[name]), 'hex')
}

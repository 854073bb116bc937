import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { grantConnection, openForConnection, openForOwner, sealVersion, type VersionIdentity } from './grants.ts'
import { createKeyring } from './keyring.ts'
import { OpenFailed } from './record.ts'
import { Secret } from './secret.ts'

const keyring = createKeyring(
  new Map([
    [1, randomBytes(32)],
    [3, randomBytes(32)],
  ]),
  3,
)
const identity: VersionIdentity = { deploymentId: 'd', organizationId: 'o', credentialId: 'c', version: 2 }
const fields = () => ({ username: new Secret('reporting'), password: new Secret('canary') })
const binding = { connectionId: 'k', destination: 'postgresql://db.example.com:5432 tls=verify-full ca=system' }
const { payload, owner } = sealVersion(keyring, identity, fields())
const grant = grantConnection(keyring, identity, owner, binding)

describe('grants', () => {
  it('a version opens for its owner and for the connection it was granted to, with the exact fields', () => {
    for (const opened of [
      openForOwner(keyring, identity, owner, payload),
      openForConnection(keyring, identity, grant, payload, binding),
    ]) {
      expect(opened.username?.expose().toString()).toBe('reporting')
      expect(opened.password?.expose().toString()).toBe('canary')
    }
    expect([owner.keyTerm, grant.keyTerm]).toEqual([3, 3])
  })

  it.each([
    ['deployment', { deploymentId: 'x' }],
    ['organization', { organizationId: 'x' }],
    ['credential', { credentialId: 'x' }],
    ['version', { version: 3 }],
  ])('S2 records of another %s do not open', (_what, change) => {
    const other = { ...identity, ...change }
    expect(() => openForOwner(keyring, other, owner, payload)).toThrow(OpenFailed)
    expect(() => openForConnection(keyring, other, grant, payload, binding)).toThrow(OpenFailed)
    expect(() => grantConnection(keyring, other, owner, binding)).toThrow(OpenFailed)
  })

  it('S2 any bit flipped in a grant or in the payload is refused with the one error', () => {
    const outcomes = new Set<string>()
    const attempt = (open: () => unknown) => {
      try {
        open()
        outcomes.add('It opened.')
      } catch (error) {
        outcomes.add(String(error))
      }
    }
    for (const sealed of flips(owner.sealed)) {
      attempt(() => openForOwner(keyring, identity, { ...owner, sealed }, payload))
      attempt(() => grantConnection(keyring, identity, { ...owner, sealed }, binding))
    }
    for (const sealed of flips(grant.sealed)) {
      attempt(() => openForConnection(keyring, identity, { ...grant, sealed }, payload, binding))
    }
    for (const forged of flips(payload)) {
      attempt(() => openForConnection(keyring, identity, grant, forged, binding))
    }
    expect([...outcomes]).toEqual(['Error: A sealed record does not open.'])
  })

  it('S3 a grant opens for no other connection and no other destination', () => {
    const others = [
      { ...binding, connectionId: 'x' },
      { ...binding, destination: binding.destination.replace('db.', 'evil.') },
      { ...binding, destination: binding.destination.replace('5432', '5433') },
      { ...binding, destination: binding.destination.replace('verify-full', 'disable') },
    ]
    for (const other of others) {
      expect(() => openForConnection(keyring, identity, grant, payload, other)).toThrow(OpenFailed)
    }
  })

  it('S2 an owner grant is no connection grant, and the other way round', () => {
    expect(() => openForConnection(keyring, identity, owner, payload, binding)).toThrow(OpenFailed)
    expect(() => openForOwner(keyring, identity, grant, payload)).toThrow(OpenFailed)
    expect(() => grantConnection(keyring, identity, grant, binding)).toThrow(OpenFailed)
  })

  it('S2 a payload swapped with that of another version, or with a grant, does not open', () => {
    const other = sealVersion(keyring, { ...identity, version: 1 }, fields())
    const twin = sealVersion(keyring, identity, fields())
    for (const wrong of [other.payload, twin.payload, grant.sealed, owner.sealed]) {
      expect(() => openForOwner(keyring, identity, owner, wrong)).toThrow(OpenFailed)
    }
  })

  it('a term that is not in the keyring, or not the one in the record, does not open', () => {
    expect(() => openForOwner(keyring, identity, { ...owner, keyTerm: 2 }, payload)).toThrow(OpenFailed)
    expect(() => openForOwner(keyring, identity, { ...owner, keyTerm: 1 }, payload)).toThrow(OpenFailed)
  })
})

/** The record once for each of its bits, with that bit the other way. */
function* flips(record: Buffer): Generator<Buffer> {
  for (let bit = 0; bit < record.length * 8; bit++) {
    const forged = Buffer.from(record)
    forged.writeUInt8(forged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    yield forged
  }
}

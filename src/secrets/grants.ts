import { createHash, randomBytes } from 'node:crypto'
import { encodeContext, exactUtf8 } from './context.ts'
import type { Keyring } from './keyring.ts'
import { decodeFields, encodeFields } from './payload.ts'
import { keyLength } from './primitives.ts'
import { noTerm, OpenFailed, open, seal } from './record.ts'
import type { Secret } from './secret.ts'

/** Which version of which credential a record belongs to. */
export type VersionIdentity = {
  readonly deploymentId: string
  readonly organizationId: string
  readonly credentialId: string
  readonly version: number
}

/** A version's DEK, sealed under the key of a term. */
export type SealedGrant = { readonly keyTerm: number; readonly sealed: Buffer }

/** What an association's grant is bound to. `destination` is the canonical text of where the secret would go. */
export type Binding = { readonly connectionId: string; readonly destination: string }

type Fields = Readonly<Record<string, Secret>>

/** Seals the fields of a new version under a fresh DEK, and that DEK for the owner. */
export function sealVersion(
  keyring: Keyring,
  identity: VersionIdentity,
  fields: Fields,
): { payload: Buffer; owner: SealedGrant } {
  const dek = randomBytes(keyLength)
  const plaintext = encodeFields(fields)
  try {
    const payload = seal(dek, noTerm, payloadContext(identity), plaintext)
    return { payload, owner: sealGrant(keyring, ownerContext(identity), dek) }
  } finally {
    plaintext.fill(0)
    dek.fill(0)
  }
}

/** Returns a grant of the version for one connection and destination, made by opening the owner's. Throws OpenFailed. */
export function grantConnection(
  keyring: Keyring,
  identity: VersionIdentity,
  owner: SealedGrant,
  binding: Binding,
): SealedGrant {
  const dek = openGrant(keyring, ownerContext(identity), owner)
  try {
    return sealGrant(keyring, connectionContext(identity, binding), dek)
  } finally {
    dek.fill(0)
  }
}

/** Opens a version by its owner grant. Throws OpenFailed. */
export function openForOwner(
  keyring: Keyring,
  identity: VersionIdentity,
  owner: SealedGrant,
  payload: Buffer,
): Record<string, Secret> {
  return openPayload(identity, openGrant(keyring, ownerContext(identity), owner), payload)
}

/** Opens a version by an association's grant, for the connection and destination as they are now. Throws OpenFailed. */
export function openForConnection(
  keyring: Keyring,
  identity: VersionIdentity,
  grant: SealedGrant,
  payload: Buffer,
  binding: Binding,
): Record<string, Secret> {
  return openPayload(identity, openGrant(keyring, connectionContext(identity, binding), grant), payload)
}

function sealGrant(keyring: Keyring, context: Buffer, dek: Buffer): SealedGrant {
  const keyTerm = keyring.activeTerm
  return { keyTerm, sealed: seal(keyring.key(keyTerm), keyTerm, context, dek) }
}

function openGrant(keyring: Keyring, context: Buffer, grant: SealedGrant): Buffer {
  const dek = open(keyring.key(grant.keyTerm), grant.keyTerm, context, grant.sealed)
  if (dek.length !== keyLength) throw new OpenFailed()
  return dek
}

/** Opens the payload and zeroes the DEK and the plaintext; what remains is in the secrets. */
function openPayload(identity: VersionIdentity, dek: Buffer, payload: Buffer): Record<string, Secret> {
  try {
    const plaintext = open(dek, noTerm, payloadContext(identity), payload)
    try {
      return decodeFields(plaintext)
    } finally {
      plaintext.fill(0)
    }
  } finally {
    dek.fill(0)
  }
}

function payloadContext(identity: VersionIdentity): Buffer {
  return encodeContext([...common(identity), 'payload'])
}

function ownerContext(identity: VersionIdentity): Buffer {
  return encodeContext([...common(identity), 'owner'])
}

function connectionContext(identity: VersionIdentity, binding: Binding): Buffer {
  const destination = createHash('sha256').update(exactUtf8(binding.destination)).digest()
  return encodeContext([...common(identity), 'connection', binding.connectionId, destination])
}

function common({ deploymentId, organizationId, credentialId, version }: VersionIdentity) {
  return ['keyward/record/v1', deploymentId, organizationId, credentialId, version] as const
}

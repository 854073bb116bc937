import { randomBytes } from 'node:crypto'
import { encodeContext } from './context.ts'
import type { SealedGrant } from './grants.ts'
import type { Keyring } from './keyring.ts'
import { hkdf, keyLength } from './primitives.ts'
import { OpenFailed, open, seal } from './record.ts'
import { Secret } from './secret.ts'

/** Which dataset a key belongs to. */
export type DatasetIdentity = {
  readonly deploymentId: string
  readonly organizationId: string
  readonly datasetId: string
}

/** Returns a new random key for the snapshots of a dataset, sealed under the active term. */
export function newDatasetKey(keyring: Keyring, identity: DatasetIdentity): SealedGrant {
  const key = randomBytes(keyLength)
  try {
    const keyTerm = keyring.activeTerm
    return { keyTerm, sealed: seal(keyring.key(keyTerm), keyTerm, contextOf(identity), key) }
  } finally {
    key.fill(0)
  }
}

/**
 * Returns the 32-byte key that the file of one version is sealed under, derived from its dataset's. It opens no other
 * version. The caller wipes it. Throws OpenFailed.
 */
export function versionKey(
  keyring: Keyring,
  identity: DatasetIdentity,
  { keyTerm, sealed }: SealedGrant,
  versionId: string,
): Secret {
  const datasetKey = open(keyring.key(keyTerm), keyTerm, contextOf(identity), sealed)
  const derived = datasetKey.length === keyLength ? deriveFor(datasetKey, identity, versionId) : undefined
  datasetKey.fill(0)
  if (derived === undefined) throw new OpenFailed()
  try {
    return new Secret(derived)
  } finally {
    derived.fill(0)
  }
}

function deriveFor(datasetKey: Buffer, identity: DatasetIdentity, versionId: string): Buffer {
  const { deploymentId, organizationId, datasetId } = identity
  const info = encodeContext(['keyward/snapshot/v1', deploymentId, organizationId, datasetId, versionId])
  return hkdf(datasetKey, Buffer.alloc(0), info, keyLength)
}

function contextOf({ deploymentId, organizationId, datasetId }: DatasetIdentity): Buffer {
  return encodeContext(['keyward/dataset/v1', deploymentId, organizationId, datasetId, 'snapshots'])
}

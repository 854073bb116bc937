import { createHash } from 'node:crypto'
import { noTerm, open, seal } from '../record.ts'

/** A key encryption key, wherever it lives. It wraps term keys; nothing else. */
export type Kek = {
  /** First 8 bytes of SHA-256("keyward-kek-fp" ‖ key), in hex. Fit for logs and pages. */
  readonly fingerprint: string
  /** Returns the key wrapped and bound to the context. */
  wrap(key: Buffer, context: Buffer): Buffer
  /** Returns the key that `wrap` was given. Throws OpenFailed where blob or context are others. */
  unwrap(blob: Buffer, context: Buffer): Buffer
}

/** Returns a KEK of 32 bytes held in this process. */
export function kekFromKey(key: Buffer): Kek {
  return {
    fingerprint: fingerprintOf(key),
    wrap: (termKey, context) => seal(key, noTerm, context, termKey),
    unwrap: (blob, context) => open(key, noTerm, context, blob),
  }
}

function fingerprintOf(key: Buffer): string {
  return createHash('sha256').update('keyward-kek-fp').update(key).digest('hex').slice(0, 16)
}

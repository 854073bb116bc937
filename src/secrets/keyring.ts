import { OpenFailed } from './record.ts'

/** The term keys of this process. */
export type Keyring = {
  /** The term under which new grants are sealed. */
  readonly activeTerm: number
  /** Returns the 32-byte key of a term. Throws OpenFailed for a term that is not here. */
  key(term: number): Buffer
}

/** Returns a keyring of the given keys. */
export function createKeyring(keys: ReadonlyMap<number, Buffer>, activeTerm: number): Keyring {
  if (!keys.has(activeTerm)) throw new Error('The active term has no key.')
  return {
    activeTerm,
    key(term) {
      const key = keys.get(term)
      if (key === undefined) throw new OpenFailed()
      return key
    },
  }
}

import type { CredentialType } from '../credential-type.ts'
import { basic } from './basic.ts'

/** Every credential type, in the order in which they are offered. */
export const credentialTypes: readonly CredentialType[] = [basic]

/** Returns the type with this id, or undefined. */
export function credentialType(id: string): CredentialType | undefined {
  return credentialTypes.find((type) => type.id === id)
}

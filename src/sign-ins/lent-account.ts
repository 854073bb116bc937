import type { OpenedCredential, Outcome } from '../connector/driver.ts'
import { usernameOf } from '../credentials/credential-type.ts'
import { credentialType } from '../credentials/types/registry.ts'

/** Returns the username of an opened account, as text; null where it has none. */
export function usernameIn({ type, fields }: OpenedCredential): string | null {
  const known = credentialType(type)
  return known === undefined ? null : usernameOf(known, fields)
}

/**
 * Returns an outcome as whoever uses an account of somebody else may read it: servers like to name the user that they
 * refuse, and the username is its owner's.
 */
export function withoutUsername<T>(outcome: Outcome<T>, username: string | null): Outcome<T> {
  if (username === null || username === '') return outcome
  const hide = (text: string) => text.replaceAll(username, '(username)')
  const diagnosis = outcome.diagnosis.map((rung) => ({
    ...rung,
    sentence: hide(rung.sentence),
    detail: rung.detail === null ? null : hide(rung.detail),
  }))
  return { ...outcome, diagnosis }
}

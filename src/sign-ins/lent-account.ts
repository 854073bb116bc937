import type { Diagnosis, OpenedCredential, Outcome } from '../connector/driver.ts'
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
  // Some stores write names in capitals, whatever was sent.
  const named = new RegExp(username.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), 'giu')
  const hide = (text: string) => text.replace(named, '(username)')
  const diagnosis = outcome.diagnosis.map((rung) => ({
    ...rung,
    sentence: hide(rung.sentence),
    nextStep: rung.nextStep === null ? null : hide(rung.nextStep),
    detail: rung.detail === null ? null : hide(rung.detail),
  }))
  return { ...outcome, diagnosis }
}

/** Returns a diagnosis without the words of the server, which like to name the account: that is whose it is. */
export function withoutDetail(diagnosis: Diagnosis): Diagnosis {
  return diagnosis.map((rung) => ({ ...rung, detail: null }))
}

import { Refusal } from '../diagnosis.ts'
import type { Job } from '../driver.ts'

/** The fields of a credential of type `basic`, neither of them empty. */
export type BasicAccount = { readonly username: string; readonly password: string }

/**
 * Returns the username and password of a job. Client libraries look elsewhere for one that is empty, and end one at a NUL:
 * both are refused before anything is sent, as is a credential of another type.
 */
export function readBasicAccount({ credential, parameters }: Job): BasicAccount {
  const username = credential.fields.username?.expose().toString('utf8') ?? ''
  const password = credential.fields.password?.expose().toString('utf8') ?? ''
  if (credential.type !== 'basic' || username === '' || password === '') {
    throw new Refusal('authentication', 'auth.refused', {
      sentence: 'This account has no username or no password. Nothing was sent.',
      nextStep: 'Enter both.',
    })
  }
  // The name of the database goes the same way.
  if (`${username}${password}${parameters.database ?? ''}`.includes('\0'))
    throw new Refusal('authentication', 'internal')
  return { username, password }
}

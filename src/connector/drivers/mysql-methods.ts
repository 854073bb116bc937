import { Refusal, type RefusalText } from '../diagnosis.ts'

/**
 * Methods in which the password answers a challenge and is not sent. The client library is limited to these, whatever it
 * would do by itself.
 */
export const challengeMethods = ['mysql_native_password', 'caching_sha2_password', 'client_ed25519'] as const

/** Reports whether a method is one of `challengeMethods`. */
export function isChallenge(method: string): boolean {
  return challengeMethods.some((one) => one === method)
}

/** Reports whether a method sends the password itself, in the way that is acceptable to a server that was verified. */
export function needsPassword(method: string): boolean {
  return method === 'sha256_password' || method === 'caching_sha2_password'
}

/** What to say where the server insists on a method. Nothing was sent that tells the password. */
export function refusedMethod(method: string): Refusal {
  return new Refusal('authentication', 'auth.method_refused', words[method] ?? unknownMethod)
}

/** The server answered with a key to encrypt the password with, which anyone in between could have made. */
export function refusedOwnKey(): Refusal {
  return new Refusal('authentication', 'auth.method_refused', {
    sentence: 'The server offers a key of its own to encrypt the password with. Nothing was sent.',
    nextStep: 'Choose verified TLS, which proves whose key it is.',
  })
}

const passwordItself: RefusalText = {
  sentence: 'The server wants the password itself, and was not verified. Nothing was sent.',
  nextStep: 'Choose verified TLS for this connection.',
}

const readable: RefusalText = {
  sentence: 'The server wants the password itself, to pass it on to PAM, LDAP or the like. Nothing was sent.',
  nextStep: 'Use an account whose password is kept by the database server.',
}

const unknownMethod: RefusalText = {
  sentence: 'The server wants to authenticate in a way that Keyward does not know.',
  nextStep: 'Have the account use mysql_native_password, caching_sha2_password or ed25519.',
}

/** What to say of the method that MySQL had before version 4.1. */
export const oldMethod: RefusalText = {
  sentence: 'The server wants the method that MySQL had before version 4.1, which is easily broken. Nothing was sent.',
  nextStep: 'Have the password of this account set anew on the server, with a method of today.',
}

const words: Readonly<Record<string, RefusalText>> = {
  caching_sha2_password: passwordItself,
  sha256_password: passwordItself,
  mysql_clear_password: readable,
  dialog: readable,
  mysql_old_password: oldMethod,
}

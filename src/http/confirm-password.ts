import type { UserActor } from '../access/actor.ts'
import type { SignIn } from '../auth/sign-in.ts'
import type { Secret } from '../secrets/secret.ts'
import type { AppContext } from './app-context.ts'
import { sessionToken, setSession } from './session.ts'

/** Whether the password was theirs; `error` is the sentence for its field, with the status of the answer. */
export type Confirmation =
  | { readonly ok: true; readonly sessionId: string }
  | { readonly ok: false; readonly status: 422 | 429; readonly error: string }

/**
 * Asks the signed-in person for their password once more, before something that a session alone may not do. On success
 * the browser gets a new session token. Wrong ones count like failed sign-ins.
 */
export async function confirmPassword(
  c: AppContext,
  signIn: SignIn,
  actor: UserActor,
  password: Secret | undefined,
): Promise<Confirmation> {
  if (password === undefined) return { ok: false, status: 422, error: 'Enter your password.' }
  const outcome = await signIn.reauthenticate(actor, sessionToken(c) ?? '', password)
  if (outcome.kind === 'signed-in') {
    setSession(c, outcome.session)
    return { ok: true, sessionId: outcome.session.publicId }
  }
  if (outcome.kind === 'refused') return { ok: false, status: 422, error: 'This is not your password. Try again.' }
  c.header('Retry-After', String(outcome.retryAfterSeconds))
  return { ok: false, status: 429, error: tooManyAttempts(outcome.retryAfterSeconds) }
}

/** Says when to try again after too many wrong passwords. */
export function tooManyAttempts(retryAfterSeconds: number): string {
  const minutes = Math.ceil(retryAfterSeconds / 60)
  return `Too many wrong passwords. Try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`
}

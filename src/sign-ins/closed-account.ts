import { type Diagnosis, type Outcome, rungNames } from '../connector/driver.ts'
import type { MissingLibrary } from '../connector/libraries.ts'
import type { OpenOutcome } from '../credentials/vault.ts'

/** Why an account stays closed. */
export type ClosedReason = Extract<OpenOutcome, { ok: false }>['reason'] | 'moved'

/** What a person reads where an account stays closed: that nothing was sent, and the next step. */
const sentences: Record<ClosedReason, readonly [sentence: string, nextStep: string]> = {
  'not associated': [
    'This account is not associated with this connection, so it was not used.',
    'Associate it under Credentials management, or choose another account.',
  ],
  'destination changed': [
    'The destination changed since this account was associated, so nothing was sent.',
    'Its owner confirms the new destination under Credentials management.',
  ],
  moved: [
    'The destination changed since these credentials were typed, so nothing was sent.',
    'Check the destination of the connection, then type them again.',
  ],
  paused: [
    'These credentials were paused while this waited, because a data store refused them, so nothing was sent.',
    'Test a connection with them or store the right secret under Credentials management, then try again.',
  ],
  'tried now': [
    'Someone is trying these credentials right now, and a data store refused them before, so nothing was sent.',
    'Try again in a minute.',
  ],
  unreadable: [
    'The stored account cannot be opened for this connection, so nothing was sent.',
    'Ask an administrator to run "keyward key verify".',
  ],
  'edit over': [
    'This edit was decided, or its hour is over, so nothing was sent.',
    'Open the credentials; edit them again if they still have to change.',
  ],
}

/** Returns the outcome of a use of a connection whose driver lacks its library here. */
export function withoutLibrary(label: string, { name, command }: MissingLibrary): Outcome<never> {
  const sentence = `Keyward cannot use ${label} here, because the library ${name} is not installed. Nothing was sent.`
  return refusedBefore(
    'internal',
    sentence,
    `Have an administrator run "${command}" in Keyward's folder and start it again.`,
  )
}

/** Returns the outcome of a use that ended before the connector was asked: the policy rung failed. */
export function closedAccount(reason: ClosedReason): Outcome<never> {
  const [sentence, nextStep] = sentences[reason]
  return refusedBefore('policy.refused', sentence, nextStep)
}

/** Returns the outcome of a use that ended before the connector was asked, for a reason of its own. */
export function refusedBefore(
  code: 'policy.refused' | 'internal',
  sentence: string,
  nextStep: string | null,
): Extract<Outcome<never>, { ok: false }> {
  const diagnosis: Diagnosis = rungNames.map((name) =>
    name === 'policy'
      ? { name, state: 'failed', milliseconds: null, code, sentence, nextStep, detail: null }
      : { name, state: 'not reached', milliseconds: null, code: null, sentence: '', nextStep: null, detail: null },
  )
  return { ok: false, code, diagnosis }
}

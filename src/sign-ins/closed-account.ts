import { type Diagnosis, type Outcome, rungNames } from '../connector/driver.ts'
import type { OpenOutcome } from '../credentials/vault.ts'

type Reason = Extract<OpenOutcome, { ok: false }>['reason'] | 'moved'

/** What a person reads where an account stays closed: that nothing was sent, and the next step. */
const sentences: Record<Reason, readonly [sentence: string, nextStep: string]> = {
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
  unreadable: [
    'The stored account cannot be opened for this connection, so nothing was sent.',
    'Ask an administrator to run "keyward key verify".',
  ],
  fields: ['Some fields are missing or not valid, so nothing was sent.', 'Fill in the fields and try again.'],
}

/** Returns the outcome of a use that ended before the connector was asked: the policy rung failed. */
export function closedAccount(reason: Reason): Outcome<never> {
  const [sentence, nextStep] = sentences[reason]
  const diagnosis: Diagnosis = rungNames.map((name) =>
    name === 'policy'
      ? { name, state: 'failed', milliseconds: null, code: 'policy.refused', sentence, nextStep, detail: null }
      : { name, state: 'not reached', milliseconds: null, code: null, sentence: '', nextStep: null, detail: null },
  )
  return { ok: false, code: 'policy.refused', diagnosis }
}

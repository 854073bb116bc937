import { type FailureCode, Refusal, type RefusalText } from '../diagnosis.ts'
import type { RungName } from '../driver.ts'

/** What Snowflake says when it refuses: a number of its own and words. */
export type SnowflakeError = { readonly status: number; readonly code: number; readonly message: string }

type Meaning = readonly [rung: RungName | 'current', code: FailureCode, text?: RefusalText]

const wrongKey: Meaning = [
  'authentication',
  'auth.refused',
  {
    sentence: 'Snowflake does not accept this key for this user.',
    nextStep:
      'Check the account and the user, that RSA_PUBLIC_KEY of the user is the public half of this key (DESC USER shows it), and the clock of the machine that Keyward runs on.',
  },
]
const blocked: Meaning = [
  'authentication',
  'auth.refused',
  {
    sentence: 'A network policy of Snowflake does not let Keyward’s address in.',
    nextStep: 'Have the address that Keyward connects from added to the network policy of the account or the user.',
  },
]
const role: Meaning = [
  'database',
  'db.denied',
  {
    sentence: 'The role does not exist, or is not granted to this user.',
    nextStep: 'Check the role of the connection, or have it granted to the user.',
  },
]
const noWarehouse: Meaning = [
  'database',
  'db.denied',
  {
    sentence: 'The warehouse does not exist, or this account may not use it.',
    nextStep: 'Check the warehouse of the connection, or have USAGE on it granted to the role.',
  },
]
const tooLong: Meaning = [
  'read',
  'limit.exceeded',
  { sentence: 'Snowflake stopped the statement, for it took too long.' },
]
const mistake: Meaning = [
  'read',
  'read.denied',
  { sentence: 'Snowflake does not understand the query.', nextStep: 'Correct the query and try again.' },
]

/** What Snowflake's numbers mean, as its clients and its table of login errors have them. */
const meanings = new Map<number, Meaning>([
  [390_101, ['authentication', 'auth.locked', lockedText('disabled')]],
  [390_102, ['authentication', 'auth.locked', lockedText('locked')]],
  [390_106, ['authentication', 'auth.expired', { sentence: 'This user has expired in Snowflake.' }]],
  [390_144, wrongKey],
  [390_186, role],
  [390_189, role],
  [390_420, blocked],
  [390_422, blocked],
  [606, noWarehouse],
  [90_105, ['database', 'db.not_found']],
  [604, tooLong],
  [630, tooLong],
  [
    8,
    ['read', 'read.denied', { sentence: 'The query is more than one statement.', nextStep: 'Enter a single SELECT.' }],
  ],
  [1_003, mistake],
  [904, mistake],
  [2_003, ['read', 'read.denied', missingText()]],
  [3_001, ['read', 'read.denied']],
])

/** Returns what a refusal by Snowflake means on the ladder. `detail` is its words, already without the token. */
export function refusalFor(error: SnowflakeError, detail: string | undefined): Refusal {
  const [rung, code, text] = meaningOf(error)
  return new Refusal(rung, code, { ...text, ...(detail === undefined ? {} : { detail }) })
}

function meaningOf({ status, code, message }: SnowflakeError): Meaning {
  const words = message.toLowerCase()
  // One number stands for three things that may not be there.
  if (code === 390_201 || code === 2_043) return missing(words)
  const known = meanings.get(code)
  if (known === meanings.get(2_003) && /^[^']*\bdatabase '/.test(words)) return ['database', 'db.not_found']
  if (known !== undefined) return known
  if (/not allowed to access snowflake|network policy/.test(words)) return blocked
  if (code >= 394_300 && code < 394_400) return wrongKey
  if (status === 401 || status === 403) return ['authentication', 'auth.refused']
  if (status === 408) return tooLong
  if (status === 429 || status === 503) return ['current', 'limit.exceeded', busyText()]
  if (status === 422) return ['read', 'read.denied', { sentence: 'Snowflake refused the statement.' }]
  return ['current', 'protocol.unexpected', { sentence: 'Snowflake refused for a reason of its own.' }]
}

function missing(words: string): Meaning {
  if (words.includes('warehouse')) return noWarehouse
  if (words.includes('role')) return role
  return words.includes('database') ? ['database', 'db.not_found'] : ['read', 'read.denied', missingText()]
}

function missingText(): RefusalText {
  return {
    sentence: 'The table, view or schema does not exist, or this account may not see it.',
    nextStep: 'Check the name, or have USAGE on the schema and SELECT on the table granted to the role.',
  }
}

function lockedText(what: string): RefusalText {
  return {
    sentence: `This user is ${what} in Snowflake.`,
    nextStep: 'Ask whoever runs the Snowflake account to let the user in again (ALTER USER).',
  }
}

function busyText(): RefusalText {
  return {
    sentence: 'Snowflake has too much to do for this account at the moment.',
    nextStep: 'Try again in a minute.',
  }
}

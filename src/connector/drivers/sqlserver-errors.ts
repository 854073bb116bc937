import { Refusal, type RefusalText } from '../diagnosis.ts'
import { noSample } from '../sample.ts'

/** Where a client was when something went wrong. */
export type Phase = 'signing in' | 'reading'

/** What SQL Server says in an error token, as far as it is looked at. */
export type ServerError = { readonly number: number; readonly message: string }

/** Returns what errors of the server mean on the ladder: the first that tells something, since others only follow it. */
export function serverRefusal(errors: readonly ServerError[], phase: Phase): Refusal {
  const detail = errors.map(({ number, message }) => `${number} ${message}`).join(' ')
  const numbers = errors.map(({ number }) => number)
  const meaning = phase === 'signing in' ? signingIn : reading
  const told = numbers.find((number) => meaning.has(number) || transients.has(number))
  const [code, text] = transients.get(told ?? 0) ?? meaning.get(told ?? 0) ?? others[phase]
  return new Refusal(rungs[code] ?? (phase === 'reading' ? 'read' : 'current'), code, { ...text, detail })
}

/** Returns what an error of the client library means, or of ours that it wrapped. */
export function clientRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (!(error instanceof Error)) return new Refusal('current', 'internal')
  if (error.cause instanceof Refusal) return error.cause
  const { code = '', message } = error as NodeJS.ErrnoException
  if (code === 'ETIMEOUT') return new Refusal('current', 'limit.exceeded', stopped)
  if (/^E(?:SOCKET|CONN|PIPE|CLOSE|LOGIN)/.test(code) || /hang up|end of message|closed/.test(message)) return lost()
  return new Refusal('current', 'protocol.unexpected', {
    sentence: 'The server sent something that cannot be understood.',
    detail: message,
  })
}

/** The connection ended, and nobody said why. */
export function lost(): Refusal {
  return new Refusal('current', 'protocol.unexpected', {
    sentence: 'The server ended the connection.',
    nextStep: 'Try again. If it happens again, look into the log of the server.',
  })
}

type Meaning = readonly [Refusal['code'], RefusalText?]

const rungs: Partial<Record<Refusal['code'], Refusal['rung']>> = {
  'auth.refused': 'authentication',
  'auth.locked': 'authentication',
  'auth.expired': 'authentication',
  'db.not_found': 'database',
  'db.denied': 'database',
  'read.denied': 'read',
}

const askForUnlock = {
  nextStep: 'Ask whoever runs the server to unlock or enable it (ALTER LOGIN … ENABLE or UNLOCK).',
}
const askForUser = { nextStep: 'Have a user for this login created in the database.' }

const signingIn: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [4060, ['db.not_found', { sentence: 'The server has no database of this name, or this account may not use it.' }]],
  [911, ['db.not_found']],
  [916, ['db.denied', askForUser]],
  [4064, ['db.denied', askForUser]],
  [18470, ['auth.locked', askForUnlock]],
  [18486, ['auth.locked', askForUnlock]],
  [18487, ['auth.expired']],
  [18488, ['auth.expired', { sentence: 'The server wants the password of this account to be changed first.' }]],
  [18452, ['auth.refused', { sentence: 'The server admits accounts of its Windows domain only.' }]],
  [
    40615,
    [
      'auth.refused',
      {
        sentence: 'The firewall of the server does not admit Keyward.',
        nextStep: 'Have the address of Keyward added to the firewall of the server.',
      },
    ],
  ],
  [18456, ['auth.refused']],
])

const missingTable: RefusalText = {
  sentence: 'The server has no such table, or this account may not see it.',
  nextStep: 'Check the name, with its schema.',
}
const wrongQuery: RefusalText = {
  sentence: 'The server does not understand the query.',
  nextStep: 'Write one SELECT statement, and check it at the place the server names.',
}
const failedQuery: RefusalText = {
  sentence: 'The server could not run the query.',
  nextStep: 'See what the server says, and correct the query.',
}

const reading: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  ...[229, 230, 300, 916].map((number) => [number, ['read.denied']] as [number, Meaning]),
  ...[208, 2812].map((number) => [number, ['read.denied', missingTable]] as [number, Meaning]),
  [494, ['read.denied', noSample().text]],
  ...[102, 105, 156, 170].map((number) => [number, ['read.denied', wrongQuery]] as [number, Meaning]),
])

const others: Readonly<Record<Phase, Meaning>> = {
  'signing in': ['protocol.unexpected', { sentence: 'The server refused for a reason of its own.' }],
  reading: ['read.denied', failedQuery],
}

const stopped: RefusalText = {
  sentence: 'The server was told to stop, because it took longer than one use may.',
  nextStep: 'Ask for less, or have the limit raised.',
}
const again: RefusalText = { sentence: 'The server is busy, or not ready.', nextStep: 'Try again in a moment.' }
const locked: RefusalText = { sentence: 'Others held what was to be read for too long.', nextStep: 'Try again.' }

/** Starting, stopping, full, resuming and failing over; locks, deadlocks and memory that did not come in time. */
const transients: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  ...[1205, 1222].map((number) => [number, ['limit.exceeded', locked]] as [number, Meaning]),
  ...[701, 8645, 6005, 10928, 10929, 17809, 17830, 18401, 18461, 40197, 40501, 40613, 49918, 49919, 49920].map(
    (number) => [number, ['limit.exceeded', again]] as [number, Meaning],
  ),
])

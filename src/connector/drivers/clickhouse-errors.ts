import { Refusal, type RefusalText } from '../diagnosis.ts'

/** Where a client was when something went wrong. */
export type Phase = 'signing in' | 'reading'

/** What ClickHouse says when it refuses. */
export type ServerError = { readonly code: number; readonly words: string }

/** Returns what an answer says went wrong, from its text and the header that newer servers send; undefined for neither. */
export function readError(text: string, header?: string): ServerError | undefined {
  const said = /^Code: (\d+)[.,] [\s\S]*$/m.exec(text)
  const code = Number(said?.[1] ?? header)
  if (!Number.isInteger(code)) return undefined
  return { code, words: (said?.[0] ?? text).replace(/, e\.what\(\) = DB::Exception\s*$/, '') }
}

/** Returns what an error of the server means on the ladder. */
export function serverRefusal({ code, words }: ServerError, phase: Phase): Refusal {
  const detail = words
  const transient = transients.get(code)
  if (transient !== undefined) return new Refusal('current', 'limit.exceeded', { ...transient, detail })
  if (phase === 'signing in') return signingIn(code, detail)
  if (code === 81) return new Refusal('read', 'read.denied', { ...missingTable, detail })
  return new Refusal('read', 'read.denied', { ...(refusedReads.get(code) ?? failedQuery), detail })
}

function signingIn(code: number, detail: string): Refusal {
  if (wrongAccount.has(code)) return new Refusal('authentication', 'auth.refused', { detail })
  if (code === 195) return new Refusal('authentication', 'auth.refused', { ...notFromHere, detail })
  if (code === 81) return new Refusal('database', 'db.not_found', { detail })
  if (code === 291 || code === 497) return new Refusal('database', 'db.denied', { ...closedDatabase, detail })
  return new Refusal('current', 'protocol.unexpected', {
    sentence: 'The server refused for a reason of its own.',
    nextStep: 'See what the server says.',
    detail,
  })
}

/** Unknown user, wrong password, a password where none was wanted or none where one was, and what newer servers say. */
const wrongAccount = new Set([192, 193, 194, 516])

const notFromHere: RefusalText = {
  sentence: 'The server does not admit this account from here.',
  nextStep: 'Have the address of Keyward added to the networks of this account.',
}
const closedDatabase: RefusalText = { nextStep: 'Have SELECT on the database granted to this account.' }

const stopped: RefusalText = {
  sentence: 'The server stopped, because it took longer or needed more than one use may.',
  nextStep: 'Ask for less, or have the limit raised.',
}
const busy: RefusalText = {
  sentence: 'The server runs as many queries as it may.',
  nextStep: 'Try again in a moment, or have the limit raised on the server.',
}

/** By the codes of ClickHouse: rows, time, slowness, memory, bytes, results; queries at once, quota. */
const transients: ReadonlyMap<number, RefusalText> = new Map([
  ...[158, 159, 160, 241, 307, 394, 396].map((code) => [code, stopped] as const),
  ...[201, 202].map((code) => [code, busy] as const),
])

const missingTable: RefusalText = {
  sentence: 'The server has no such table, or this account may not see it.',
  nextStep: 'Check the name, with its database.',
}
const mayNotRead: RefusalText = { nextStep: 'Have SELECT on the tables it needs granted to this account.' }
const onlyReading: RefusalText = {
  sentence: 'The query would do more than read tables, and was stopped.',
  nextStep: 'Write a query that only reads, without table functions.',
}
const wrongQuery: RefusalText = {
  sentence: 'The server does not understand the query.',
  nextStep: 'Write one SELECT statement, and check it at the place the server names.',
}
const failedQuery: RefusalText = {
  sentence: 'The server could not run the query.',
  nextStep: 'See what the server says, and correct the query.',
}

const refusedReads: ReadonlyMap<number, RefusalText> = new Map([
  [60, missingTable],
  [62, wrongQuery],
  [164, onlyReading],
  [291, mayNotRead],
  [497, mayNotRead],
])

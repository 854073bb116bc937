import { Refusal, type RefusalText } from '../diagnosis.ts'
import type { RungName } from '../driver.ts'
import { oldMethod } from './mysql-methods.ts'

/** Where a client was when something went wrong. */
export type Phase = 'signing in' | 'reading'

/** What the client library makes of an error of the server, as far as it is looked at. */
type ServerError = { readonly errno: number; readonly sqlMessage?: string | null | undefined }

/** Returns what an error of the client library or the server means on the ladder. */
export function refusalFrom(error: unknown, phase: Phase): Refusal {
  if (error instanceof Refusal) return error
  if (!(error instanceof Error)) return new Refusal('current', 'internal')
  const { errno, sqlMessage } = error as Error & Partial<ServerError>
  // The library has numbers of its own, for what it found by itself.
  if (errno !== undefined && errno > 0 && !isOfLibrary(errno)) return fromServer({ errno, sqlMessage }, phase)
  if (/unexpectedly|ECONNRESET|EPIPE|closed/i.test(error.message)) return lost()
  return new Refusal('current', 'protocol.unexpected', {
    sentence: 'The server sent something that cannot be understood.',
    detail: sqlMessage ?? error.message,
  })
}

/** Returns what an error packet means that came instead of a greeting. */
export function serverError(payload: Buffer): Refusal {
  const sqlMessage = payload
    .subarray(3, 515)
    .toString('utf8')
    .replace(/^#.{5}/, '')
  return payload.length < 3
    ? new Refusal('current', 'protocol.unexpected')
    : fromServer({ errno: payload.readUInt16LE(1), sqlMessage }, 'signing in')
}

function isOfLibrary(errno: number): boolean {
  return errno >= 45_000 && errno < 46_000
}

function fromServer({ errno, sqlMessage }: ServerError, phase: Phase): Refusal {
  const detail = `${errno} ${sqlMessage ?? ''}`
  const known = anywhere.get(errno) ?? (phase === 'signing in' ? signingIn : reading).get(errno)
  if (known !== undefined) return new Refusal(known[0], known[1], { detail, ...known[2] })
  if (phase === 'signing in') {
    return new Refusal('current', 'protocol.unexpected', {
      detail,
      sentence: 'The server refused for a reason of its own.',
    })
  }
  return new Refusal('read', 'read.denied', { detail, ...failedQuery })
}

type Meaning = readonly [rung: RungName | 'current', code: Refusal['code'], text: RefusalText]

const refused: Meaning = ['authentication', 'auth.refused', {}]
const notAdmitted: RefusalText = {
  sentence: 'The server does not admit connections from here.',
  nextStep: 'Have an account made for the address that Keyward connects from.',
}
const locked: RefusalText = { nextStep: 'Ask whoever runs the server to unlock it: ALTER USER … ACCOUNT UNLOCK.' }
const onlyEncrypted: RefusalText = {
  sentence: 'The server does not admit connections without encryption.',
  nextStep: 'Choose TLS in the encryption of this connection.',
}
const deniedDatabase: RefusalText = {
  sentence: 'This account may not use this database.',
  nextStep: 'Have SELECT on the database granted to this account.',
}
const tooMany: RefusalText = {
  sentence: 'The server has as many connections as it accepts, in all or for this account.',
  nextStep: 'Try again in a moment, or have the limit of connections raised on the server.',
}
const blocked: RefusalText = {
  sentence: 'The server has shut out the address of Keyward after too many connections that failed.',
  nextStep: 'Have the server forget them: FLUSH HOSTS.',
}
const stopped: RefusalText = {
  sentence: 'The server was told to stop, because it took longer than one use may.',
  nextStep: 'Ask for less, or have the limit raised.',
}
const shutDown: RefusalText = { sentence: 'The server was shut down meanwhile.', nextStep: 'Try again in a moment.' }
const onlyReading: RefusalText = {
  sentence: 'The query would change something, and was stopped.',
  nextStep: 'Write a query that only reads.',
}
const denied: RefusalText = { nextStep: 'Have SELECT on the tables it needs granted to this account.' }
const missing: RefusalText = {
  sentence: 'The server has no such table, or this account may not see it.',
  nextStep: 'Check the name, with its database.',
}
const wrongQuery: RefusalText = {
  sentence: 'The server does not understand the query.',
  nextStep: 'Write one SELECT statement, and check it at the place the server names.',
}
const twice: RefusalText = {
  sentence: 'Two columns of the query have the same name.',
  nextStep: 'Give one of them another name with AS.',
}
const failedQuery: RefusalText = {
  sentence: 'The server could not run the query.',
  nextStep: 'See what the server says, and correct the query.',
}

/** By the numbers of MySQL and MariaDB. */
const anywhere: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [1040, ['current', 'limit.exceeded', tooMany]],
  [1203, ['current', 'limit.exceeded', tooMany]],
  [1226, ['current', 'limit.exceeded', tooMany]],
  [1053, ['current', 'limit.exceeded', shutDown]],
  [1927, ['current', 'limit.exceeded', stopped]],
  [1317, ['current', 'limit.exceeded', stopped]],
  [1969, ['current', 'limit.exceeded', stopped]],
  [3024, ['current', 'limit.exceeded', stopped]],
  [1205, ['current', 'limit.exceeded', stopped]],
  [1820, ['authentication', 'auth.expired', {}]],
  [1862, ['authentication', 'auth.expired', {}]],
])

const signingIn: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [1045, refused],
  [1698, refused],
  [1129, ['authentication', 'auth.refused', blocked]],
  [1130, ['authentication', 'auth.refused', notAdmitted]],
  [3118, ['authentication', 'auth.locked', locked]],
  [4151, ['authentication', 'auth.locked', locked]],
  [3159, ['authentication', 'auth.refused', onlyEncrypted]],
  [1251, ['authentication', 'auth.method_refused', oldMethod]],
  [1275, ['authentication', 'auth.method_refused', oldMethod]],
  [1044, ['database', 'db.denied', deniedDatabase]],
  [1049, ['database', 'db.not_found', {}]],
  [1102, ['database', 'db.not_found', {}]],
])

const reading: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [1044, ['read', 'read.denied', denied]],
  [1142, ['read', 'read.denied', denied]],
  [1143, ['read', 'read.denied', denied]],
  [1227, ['read', 'read.denied', denied]],
  [1370, ['read', 'read.denied', denied]],
  [1356, ['read', 'read.denied', { ...denied, sentence: 'This view shows something that the account may not read.' }]],
  [1049, ['read', 'read.denied', missing]],
  [1146, ['read', 'read.denied', missing]],
  [1792, ['read', 'read.denied', onlyReading]],
  [1064, ['read', 'read.denied', wrongQuery]],
  [1149, ['read', 'read.denied', wrongQuery]],
  [1060, ['read', 'read.denied', twice]],
])

function lost(): Refusal {
  return new Refusal('current', 'protocol.unexpected', {
    sentence: 'The server ended the connection.',
    nextStep: 'Try again. If it happens again, look into the log of the server.',
  })
}

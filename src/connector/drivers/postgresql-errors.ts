import { Refusal, type RefusalText } from '../diagnosis.ts'
import type { RungName } from '../driver.ts'

/** Where a client was when something went wrong. */
export type Phase = 'signing in' | 'reading'

/** What PostgreSQL says in an ErrorResponse, as far as it is looked at. */
type ServerError = {
  readonly code?: string | undefined
  readonly message: string
  readonly detail?: string | undefined
  readonly hint?: string | undefined
  readonly position?: string | undefined
  readonly routine?: string | undefined
  readonly severity?: string | undefined
}

/**
 * Returns what an error of the client library or the server means on the ladder. `knownExpiry` is when the server said,
 * at the last sign-in, that the password would end.
 */
export function refusalFrom(error: unknown, phase: Phase, knownExpiry?: string): Refusal {
  if (error instanceof Refusal) return error
  if (!(error instanceof Error)) return new Refusal('current', 'internal')
  const said = error as Error & ServerError
  if (said.severity !== undefined && said.code !== undefined) return fromServer(said, phase, knownExpiry)
  if (error.message.startsWith('SASL:')) return fromScram(error.message)
  if (/terminated|ECONNRESET|EPIPE|socket/i.test(`${said.code ?? ''} ${error.message}`)) return lost()
  return new Refusal('current', 'protocol.unexpected', {
    sentence: 'The server sent something that cannot be understood.',
    detail: error.message,
  })
}

function fromServer(error: ServerError, phase: Phase, knownExpiry: string | undefined): Refusal {
  const refuse = (rung: RungName | 'current', code: Refusal['code'], text: RefusalText = {}) =>
    new Refusal(rung, code, { detail: wordsOf(error), ...text })
  const state = error.code ?? ''
  const transient = transients[state]
  if (transient !== undefined) return refuse('current', 'limit.exceeded', transient)
  return phase === 'signing in' ? signingIn(error, state, knownExpiry, refuse) : reading(state, refuse)
}

type Refuse = (rung: RungName | 'current', code: Refusal['code'], text?: RefusalText) => Refusal

function signingIn(error: ServerError, state: string, knownExpiry: string | undefined, refuse: Refuse): Refusal {
  if (state === '3D000') return refuse('database', 'db.not_found')
  if (state === '42501') return refuse('database', 'db.denied')
  if (state === '55000') return refuse('database', 'db.denied', closedDatabase)
  if (state === '28P01') return refusedPassword(knownExpiry, refuse)
  if (state === '28000') return refusedRole(error, refuse)
  if (state.startsWith('28')) return refuse('authentication', 'auth.refused')
  return refuse('current', 'protocol.unexpected', { sentence: 'The server refused for a reason of its own.' })
}

/** The server has one answer for a wrong password, an unknown role and an expired one, so that no one can find out. */
function refusedPassword(knownExpiry: string | undefined, refuse: Refuse): Refusal {
  const expiry = knownExpiry === undefined ? Number.NaN : Date.parse(knownExpiry)
  if (!(expiry <= Date.now())) return refuse('authentication', 'auth.refused')
  const day = new Date(expiry).toISOString().slice(0, 10)
  const sentence = `The server refused this account. At its last sign-in its password was to expire on ${day}.`
  return refuse('authentication', 'auth.expired', { sentence })
}

/** 28000 is several things; the routine that raised it is the same in every language of the server. */
function refusedRole(error: ServerError, refuse: Refuse): Refusal {
  if (/does not exist/.test(error.message)) {
    return refuse('authentication', 'auth.refused', { sentence: 'The server knows no account of this name.' })
  }
  if (error.routine === 'InitializeSessionUserId' || /not permitted to log in/.test(error.message)) {
    return refuse('authentication', 'auth.locked')
  }
  if (/no encryption|SSL off/.test(error.message)) return refuse('authentication', 'auth.refused', onlyEncrypted)
  return refuse('authentication', 'auth.refused', notAdmitted)
}

const closedDatabase: RefusalText = {
  sentence: 'This database accepts no connections.',
  nextStep: 'Choose another database: this one is a template, or was closed by whoever runs the server.',
}
const onlyEncrypted: RefusalText = {
  sentence: 'The server does not admit this account without encryption.',
  nextStep: 'Choose TLS in the encryption of this connection.',
}
const notAdmitted: RefusalText = {
  sentence: 'The server does not admit this account from here to this database.',
  nextStep: 'Have a line for this account, this database and the address of Keyward added to pg_hba.conf.',
}

const transients: Readonly<Record<string, RefusalText>> = {
  '53300': {
    sentence: 'The server has as many connections as it accepts.',
    nextStep: 'Try again in a moment, or have the limit of connections raised on the server.',
  },
  '57P03': {
    sentence: 'The server is starting, stopping or recovering.',
    nextStep: 'Try again in a moment.',
  },
  '57014': {
    sentence: 'The server was told to stop, because it took longer than one use may.',
    nextStep: 'Ask for less, or have the limit raised.',
  },
  '57P01': { sentence: 'The server was shut down meanwhile.', nextStep: 'Try again in a moment.' },
  '57P02': { sentence: 'The server crashed meanwhile.', nextStep: 'Try again in a moment.' },
}

function reading(state: string, refuse: Refuse): Refusal {
  if (state === '42501') return refuse('read', 'read.denied')
  if (state === '42P01' || state === '3F000') return refuse('read', 'read.denied', missingTable)
  if (state === '25006' || state === '25001') return refuse('read', 'read.denied', onlyReading)
  if (state === '42601') return refuse('read', 'read.denied', wrongQuery)
  if (/^(?:42|22|0A|21|34|26)/.test(state)) return refuse('read', 'read.denied', failedQuery)
  return refuse('read', 'protocol.unexpected', { sentence: 'The server could not answer.', nextStep: 'Try again.' })
}

const missingTable: RefusalText = {
  sentence: 'The server has no such table, or this account may not see it.',
  nextStep: 'Check the name, with its schema.',
}
const onlyReading: RefusalText = {
  sentence: 'The query would change something, and was stopped.',
  nextStep: 'Write a query that only reads.',
}
const wrongQuery: RefusalText = {
  sentence: 'The server does not understand the query.',
  nextStep: 'Write one SELECT statement, and check it at the place the server names.',
}
const failedQuery: RefusalText = {
  sentence: 'The server could not run the query.',
  nextStep: 'See what the server says, and correct the query.',
}

function fromScram(message: string): Refusal {
  if (message.includes('scramMaxIterations')) {
    return new Refusal('authentication', 'auth.method_refused', {
      sentence: 'The server asks for more rounds of computing than an honest one does.',
      nextStep: 'Check the host. If it is right, have scram_iterations on the server set to 100000 or less.',
    })
  }
  if (message.includes('Only mechanism(s)')) {
    return new Refusal('authentication', 'auth.method_refused', {
      sentence: 'The server offers no way to sign in that Keyward knows.',
      nextStep: 'Have the server accept SCRAM (scram-sha-256) for this account.',
    })
  }
  if (message.includes('server returned error')) return new Refusal('authentication', 'auth.refused')
  return new Refusal('authentication', 'protocol.unexpected', {
    sentence: 'The server did not prove that it knows this password.',
    nextStep: 'Check the host: another server may be posing as yours.',
  })
}

function lost(): Refusal {
  return new Refusal('current', 'protocol.unexpected', {
    sentence: 'The server ended the connection.',
    nextStep: 'Try again. If it happens again, look into the log of the server.',
  })
}

function wordsOf(error: ServerError): string {
  const parts = [error.message, error.detail, error.hint && `Hint: ${error.hint}`]
  const place = error.position === undefined ? '' : ` (character ${error.position})`
  return `${error.code ?? ''} ${parts.filter(Boolean).join(' ')}${place}`
}

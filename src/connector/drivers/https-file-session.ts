import type { IncomingMessage } from 'node:http'
import { rootCertificates } from 'node:tls'
import { Refusal } from '../diagnosis.ts'
import type { Destination, Session } from '../driver.ts'
import { parseHost } from '../host.ts'
import { type HttpExchange, openExchange } from '../http-exchange.ts'
import { pathOf } from './https-file.ts'

/** A file that a server has agreed to send; `path` is where it was found, after redirects. */
export type OpenFile = { readonly response: IncomingMessage; readonly path: string }

/**
 * Asks for the file of the connection and runs `work` when the server begins to send it. Follows at most five redirects:
 * each is dialled like a destination of its own, and none to another origin gets the secret, nor any after it.
 */
export async function withFile<T>(
  session: Session,
  headers: Readonly<Record<string, string>>,
  work: (file: OpenFile) => Promise<T>,
): Promise<T> {
  const exchanges: HttpExchange[] = []
  try {
    let place: Place = {
      destination: session.job.destination,
      path: pathOf(session.job.parameters),
      account: authorization(session),
    }
    for (let redirects = 0; redirects <= mostRedirects; redirects++) {
      const exchange = openExchange(session, place.destination)
      exchanges.push(exchange)
      const response = await askFor(exchange, place, headers)
      const next = redirectOf(response, place)
      if (next === undefined) {
        judge(session, response)
        return await work({ response, path: place.path })
      }
      response.destroy()
      place = next
    }
    throw new Refusal('database', 'protocol.unexpected', {
      sentence: `The server redirects more than ${mostRedirects} times.`,
      nextStep: 'Enter the address where the file really is.',
    })
  } finally {
    for (const exchange of exchanges) exchange.close()
  }
}

const mostRedirects = 5

/** Where to ask next, and with what; `account` is null where the secret must not go. */
type Place = { readonly destination: Destination; readonly path: string; readonly account: string | null }

function askFor(
  exchange: HttpExchange,
  { destination, path, account }: Place,
  headers: Readonly<Record<string, string>>,
) {
  const { host, port } = destination
  const name = `${host.includes(':') ? `[${host}]` : host}${port === 443 ? '' : `:${port}`}`
  return exchange.ask({
    method: 'GET',
    path,
    headers: {
      host: name,
      'user-agent': 'Keyward',
      accept: '*/*',
      'accept-encoding': 'identity',
      ...(account === null ? {} : { authorization: account }),
      ...headers,
    },
  })
}

/** What the account is sent as. A token or a password that is not there is refused before anything is sent. */
function authorization({ job }: Session): string {
  const field = (id: string) => job.credential.fields[id]?.expose().toString('utf8') ?? ''
  if (job.credential.type === 'bearer' && /^[\x21-\x7e]+$/.test(field('token'))) return `Bearer ${field('token')}`
  const [username, password] = [field('username'), field('password')]
  const isWhole = job.credential.type === 'basic' && username !== '' && password !== ''
  if (isWhole && !username.includes(':') && !/\p{Cc}/u.test(username + password)) {
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  }
  throw new Refusal('authentication', 'auth.refused', {
    sentence:
      'This account lacks its username, password or token, or has characters there that HTTP cannot carry. Nothing was sent.',
    nextStep: 'Enter it again: a username without a colon, a token without spaces and line breaks.',
  })
}

function redirectOf({ statusCode, headers }: IncomingMessage, from: Place): Place | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode ?? 0)) return undefined
  const { host, port } = from.destination
  const base = `https://${host.includes(':') ? `[${host}]` : host}:${port}${from.path}`
  const to =
    headers.location === undefined || !URL.canParse(headers.location, base) ? null : new URL(headers.location, base)
  const name = to === null ? undefined : parseHost(to.hostname)
  if (to === null || name === undefined) throw badRedirect('The server redirects to something that is no address.')
  if (to.protocol !== 'https:') throw badRedirect('The server redirects to an address without encryption.')
  const destination = { ...from.destination, host: name, port: Number(to.port || 443) }
  const path = `${to.pathname}${to.search}`
  if (name === host && destination.port === port) return { ...from, path }
  return { destination: { ...destination, ca: withPublic(destination.ca) }, path, account: null }
}

/** A pinned authority vouches for the destination; another origin may just as well be a public one. */
function withPublic(ca: string | null): string | null {
  return ca === null || ca.includes(rootCertificates[0] ?? ' ') ? ca : [ca, ...rootCertificates].join('\n')
}

function badRedirect(sentence: string): Refusal {
  return new Refusal('database', 'protocol.unexpected', {
    sentence,
    nextStep: 'Enter the address where the file really is, beginning with https.',
  })
}

/** Climbs the rungs of the account and of the file, or says at which of them the server refused. */
function judge({ report }: Session, { statusCode = 0, headers }: IncomingMessage): void {
  const detail = `HTTP ${statusCode}`
  if (statusCode === 401 || statusCode === 403) {
    throw new Refusal('authentication', 'auth.refused', { ...refusals[statusCode], detail })
  }
  report.passed('authentication', 'The server did not refuse this account.')
  if (statusCode === 404 || statusCode === 410) throw new Refusal('database', 'db.not_found', { ...noFile, detail })
  if (statusCode === 429 || statusCode === 503) throw new Refusal('database', 'limit.exceeded', { ...busy, detail })
  if (![200, 206, 416].includes(statusCode))
    throw new Refusal('database', 'protocol.unexpected', unexpected(statusCode))
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new Refusal('database', 'protocol.unexpected', { ...packed, detail })
  }
  report.passed('database', 'The server has the file.')
}

const refusals = {
  401: {
    sentence: 'The server refused this account.',
    nextStep: 'Check username and password, or the token. A server says the same for one that has expired.',
  },
  403: {
    sentence: 'The server does not give this file to this account.',
    nextStep: 'Check the account, and have the right to read the file granted to it.',
  },
} as const
const noFile = { sentence: 'The server has no file at this path.', nextStep: 'Check the path, capital letters too.' }
const busy = { sentence: 'The server has more to do than it can.', nextStep: 'Try again in a moment.' }
const packed = {
  sentence: 'The server packs the file on its way, although it was asked not to.',
  nextStep: 'Have Content-Encoding turned off for this file at the server, or store it as .gz.',
}

function unexpected(status: number) {
  const own = status >= 500 ? 'an error of its own' : 'something that is neither the file nor a refusal'
  return {
    sentence: `The server answered with ${own} (HTTP ${status}).`,
    nextStep: 'Open the address in a browser, and look into the log of the server.',
    detail: `HTTP ${status}`,
  }
}

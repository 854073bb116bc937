import { Agent, type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import { Refusal } from '../diagnosis.ts'
import type { Session } from '../driver.ts'
import { startTlsAtOnce } from '../tls.ts'
import { type Phase, readError, serverRefusal } from './clickhouse-errors.ts'

/** Sends statements to a server over connections of ours. One at a time. */
export type ClickHouseWire = {
  /** Returns the text of an answer that is whole. */
  fetch(statement: string, parameters: Readonly<Record<string, string>>, phase: Phase): Promise<string>
  /** Returns an answer of any length, as it comes. */
  open(statement: string, parameters: Readonly<Record<string, string>>, phase: Phase): Promise<IncomingMessage>
  close(): void
}

/**
 * Dials, has the server prove who it is, and returns the wire. `authorization` goes into the header of that name of each
 * request, to this server and to no other: redirects are not followed.
 */
export async function openWire(session: Session, authorization: (secured: boolean) => string): Promise<ClickHouseWire> {
  const { destination, runId } = session.job
  const first: Socket[] = [await connectOnce(session)]
  const headers = {
    authorization: authorization(destination.tls === 'verify-full'),
    'user-agent': `keyward ${runId}`.slice(0, 63).replace(/[^\x20-\x7e]/g, ''),
    'content-type': 'text/plain; charset=UTF-8',
  }
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  // A server may close after each answer; what is dialled then is judged and proven as the first one was.
  const dialled = { createConnection: (_: unknown, done: Dialled) => void supply(session, first.pop(), done) }
  Object.assign(agent, dialled)

  const open: ClickHouseWire['open'] = async (statement, parameters, phase) => {
    const path = `/?${new URLSearchParams(parameters)}`
    const host = destination.host.includes(':') ? `[${destination.host}]` : destination.host
    const outgoing = request({ method: 'POST', host, port: destination.port, path, headers, agent })
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve).on('error', (error) => reject(lost(error)))
      // An answer that would have another protocol spoken ends without a word.
      outgoing.once('close', () => reject(notClickHouse()))
      outgoing.end(statement)
    })
    if (answer.statusCode === 200) return answer
    throw await refusedAnswer(answer, phase)
  }
  return {
    open,
    // The server answers only when it is done, so that the status of the answer is true.
    fetch: async (statement, parameters, phase) =>
      textOf(await open(statement, { ...parameters, wait_end_of_query: '1' }, phase)),
    close: () => agent.destroy(),
  }
}

type Dialled = (error: Error | null, socket?: Socket) => void

async function supply(session: Session, ready: Socket | undefined, done: Dialled): Promise<void> {
  try {
    done(null, ready ?? (await connectOnce(session)))
  } catch (error) {
    done(error as Error)
  }
}

async function connectOnce({ job: { destination }, dial, report }: Session): Promise<Socket> {
  const socket = await dial(destination.host, destination.port)
  if (destination.tls !== 'disable') return startTlsAtOnce(socket, destination, report)
  report.notApplicable('tls', 'Not encrypted, as this connection is configured.')
  return socket
}

async function refusedAnswer(answer: IncomingMessage, phase: Phase): Promise<Refusal> {
  const status = answer.statusCode ?? 0
  if (status >= 300 && status < 400) {
    answer.destroy()
    return new Refusal('current', 'protocol.unexpected', {
      sentence: 'The server sent Keyward elsewhere, which it does not follow with a secret.',
      nextStep: 'Enter the host and port that the server itself has.',
    })
  }
  const header = answer.headers['x-clickhouse-exception-code']
  const said = readError(await textOf(answer), typeof header === 'string' ? header : undefined)
  if (said !== undefined) return serverRefusal(said, phase)
  if (status === 401 || status === 403) return new Refusal('authentication', 'auth.refused')
  return notClickHouse(`HTTP status ${status}`)
}

/** What is in answers that are read as a whole: lists, descriptions and previews are far smaller. */
const mostBytes = 67_108_864

async function textOf(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  try {
    for await (const piece of answer as AsyncIterable<Buffer>) {
      bytes += piece.length
      if (bytes > mostBytes) throw tooMuch()
      pieces.push(piece)
    }
  } catch (error) {
    throw lost(error)
  }
  return Buffer.concat(pieces).toString('utf8')
}

function tooMuch(): Refusal {
  return new Refusal('current', 'limit.exceeded', {
    sentence: 'The server sent more than an answer to this may be.',
    nextStep: 'Ask for less at once: fewer rows, or columns with shorter values.',
  })
}

/** Returns the refusal for an answer that no ClickHouse gives. */
export function notClickHouse(detail?: string): Refusal {
  const sentence = 'What answers there does not speak ClickHouse over HTTP.'
  const nextStep = 'Check host and port: ClickHouse usually listens for HTTPS on 8443.'
  return new Refusal('current', 'protocol.unexpected', {
    sentence,
    nextStep,
    ...(detail === undefined ? {} : { detail }),
  })
}

/** Returns what the end of a connection, or an answer that is no HTTP, means. */
export function lost(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const { code = '', message } = error as NodeJS.ErrnoException
  if (code.startsWith('HPE_')) return notClickHouse(message)
  return new Refusal('current', 'protocol.unexpected', {
    sentence: 'The server ended the connection.',
    nextStep: 'Try again. If it happens again, look into the log of the server.',
  })
}

import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import type { Socket } from 'node:net'
import { Refusal } from './diagnosis.ts'
import type { Destination, Session } from './driver.ts'
import { reportTls, startTlsAtOnce } from './tls.ts'

/** One question to a web server. `path` begins with a slash and has its query; `headers` has `host`. */
export type HttpQuestion = {
  readonly method: string
  readonly path: string
  readonly headers: OutgoingHttpHeaders
}

/** HTTP with one server, over one connection as long as the server keeps it. */
export type HttpExchange = {
  /** Resolves with the answer when its head has come; rejects with a `Refusal`. Redirects are answers like others. */
  ask(question: HttpQuestion): Promise<IncomingMessage>
  close(): void
}

/**
 * Speaks HTTP/1.1 with a destination. Every socket comes from `session.dial` and is encrypted as the destination says, so
 * the name in a request decides nothing about where it goes. No proxy, no cookies, no environment.
 */
export function openExchange(session: Session, destination: Destination): HttpExchange {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const createConnection = (_options: unknown, done: (error: unknown, socket?: Socket) => void): undefined => {
    connect(session, destination).then((socket) => done(null, socket), done)
  }
  Object.assign(agent, { createConnection })
  return {
    ask: (question) => ask(session, destination, agent, question),
    close: () => agent.destroy(),
  }
}

async function connect(session: Session, destination: Destination): Promise<Socket> {
  const socket = await session.dial(destination.host, destination.port)
  if (destination.tls === 'disable') {
    reportTls(destination, session.report)
    return socket
  }
  return startTlsAtOnce(socket, destination, session.report)
}

function ask(
  session: Session,
  { host, port }: Destination,
  agent: Agent,
  question: HttpQuestion,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...question, agent, host, port, setHost: false, signal: session.signal })
    const milliseconds = Math.min(answerMilliseconds, session.job.limits.milliseconds * 0.95)
    const clock = setTimeout(() => sent.destroy(noAnswer(milliseconds)), milliseconds)
    sent.once('close', () => {
      clearTimeout(clock)
      // Of an answer that would have another protocol spoken, nothing else is said. After any other answer this does nothing.
      reject(refusalFromHttp(new Error('The server answered with another protocol.')))
    })
    sent.on('error', (error) => reject(refusalFromHttp(error)))
    sent.once('response', (response) => {
      clearTimeout(clock)
      response.setTimeout(silenceMilliseconds, () => response.destroy(silent()))
      // An answer that nobody reads to its end must not bring the process down.
      response.on('error', () => {})
      resolve(response)
    })
    sent.end()
  })
}

/** However long the job may take, nobody waits longer than this for the head of an answer. */
const answerMilliseconds = 9_500
/** Between two pieces of an answer. */
const silenceMilliseconds = 30_000

/** Yields the body of an answer; rejects with a `Refusal` where it is cut off. */
export async function* bodyOf(response: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) yield chunk
  } catch (error) {
    throw refusalFromHttp(error)
  }
}

/** Returns what an error of Node.js's HTTP means on the ladder. */
export function refusalFromHttp(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const { code = '', message }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error))
  if (code.startsWith('HPE_')) {
    return new Refusal('current', 'protocol.unexpected', {
      sentence: 'What answers there does not speak HTTP.',
      detail: `${code} ${message}`,
    })
  }
  if (code === 'ERR_INVALID_CHAR' || code === 'ERR_UNESCAPED_CHARACTERS') {
    return new Refusal('authentication', 'auth.refused', {
      sentence: 'This account, or the address, has characters that HTTP cannot carry. Nothing was sent.',
      nextStep: 'Enter it again, without line breaks and other invisible characters.',
    })
  }
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) {
    return new Refusal('current', 'limit.exceeded')
  }
  return new Refusal('current', 'protocol.unexpected', {
    sentence: 'The server ended the connection.',
    nextStep: 'Try again. If it happens again, look into the log of the server.',
    detail: `${code} ${message}`,
  })
}

function noAnswer(milliseconds: number): Refusal {
  const seconds = Math.round(milliseconds / 100) / 10
  return new Refusal('current', 'limit.exceeded', {
    sentence: `The server accepted the connection, but had not answered after ${seconds} s.`,
    nextStep: 'Check host and port, and that the server is not overloaded.',
  })
}

function silent(): Refusal {
  return new Refusal('current', 'limit.exceeded', {
    sentence: `The server stopped in the middle of its answer for ${silenceMilliseconds / 1_000} s.`,
    nextStep: 'Try again. If it happens again, look into the log of the server.',
  })
}

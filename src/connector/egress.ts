import { lookup } from 'node:dns/promises'
import { type Socket, connect as systemConnect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseAddress } from './address.ts'
import { Refusal } from './diagnosis.ts'
import type { Reporter } from './driver.ts'
import { type EgressPolicy, mayDial, mayResolve } from './egress-policy.ts'
import { parseHost, withoutTrailingDot } from './host.ts'

export { type EgressPolicy, type EgressRule, type ParsedPolicy, parsePolicy } from './egress-policy.ts'

/**
 * Resolves `host` once, judges every address it has, and resolves to a socket connected to one of exactly those
 * addresses. Reports the rungs policy, DNS and TCP; rejects with a `Refusal`. One refused address refuses the host.
 */
export type Dialer = (host: string, port: number) => Promise<Socket>

/** Looks a name up: all its addresses, in the order to try them. */
export type Resolve = (name: string) => Promise<readonly string[]>

export type DialerOptions = {
  readonly policy: EgressPolicy
  readonly report: Pick<Reporter, 'passed'>
  readonly signal: AbortSignal
  /** For all of a host's addresses together. */
  readonly tcpMilliseconds: number
  /** The system's resolver where it is not given. */
  readonly resolve?: Resolve
  /** A socket that is about to be connected; one of the network's where it is not given. */
  readonly connect?: (address: string, port: number) => Socket
}

/** Returns the only function in Keyward that opens a socket to a data store. */
export function createDialer(options: DialerOptions): Dialer {
  const { policy, report, signal, tcpMilliseconds } = options
  const { resolve = systemResolve, connect = toNetwork } = options
  return async (text, port) => {
    const host = parseHost(text)
    if (host === undefined || !isPort(port) || !mayResolve(policy, host, port)) throw refusedByPolicy()
    const literal = parseAddress(withoutTrailingDot(host)) !== undefined
    const before = performance.now()
    const addresses = literal ? [withoutTrailingDot(host)] : await resolveName(resolve, host, signal)
    const resolving = performance.now() - before
    if (addresses.length === 0) throw notFound(host)
    if (!addresses.every((address) => mayDial(policy, host, address, port))) throw refusedByPolicy()
    report.passed('policy', 'This destination is allowed here.', 0)
    const found = literal ? 'The host is an address; nothing to look up.' : `${host} has an address.`
    report.passed('dns', found, resolving)
    const sockets = addresses.slice(0, mostAddresses).map((address) => () => connect(address, port))
    const socket = await dialFirst(sockets, host, tcpMilliseconds, signal)
    report.passed('tcp', `Something answers on port ${port}.`)
    return socket
  }
}

const mostAddresses = 4

/** The same words whatever the address is and whatever listens there: no one learns from them what is inside. */
function refusedByPolicy(): Refusal {
  return new Refusal('policy', 'policy.refused')
}

function notFound(host: string): Refusal {
  return new Refusal('dns', 'dns.not_found', { sentence: `No address is known for ${host}.` })
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535
}

/** Looks a name up as this machine does. Rejects where there is no such name. */
export async function systemResolve(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true, verbatim: true })
  return found.map(({ address }) => address)
}

async function resolveName(resolve: Resolve, host: string, signal: AbortSignal): Promise<readonly string[]> {
  try {
    return await Promise.race([resolve(host), rejectWhenAborted(signal)])
  } catch {
    throw signal.aborted
      ? timeIsOver('dns', `The time was over before an address of ${host} was known.`)
      : notFound(host)
  }
}

/** The job is at its end, which says nothing about the host. */
function timeIsOver(rung: 'dns' | 'tcp', sentence: string): Refusal {
  return new Refusal(rung, 'limit.exceeded', { sentence, nextStep: 'Try again in a moment.' })
}

async function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  await sleep(2 ** 31 - 1, undefined, { signal, ref: false })
  throw new Error('The wait is over.')
}

/** `address` has been judged. It is never a name, so nothing is looked up again. */
function toNetwork(address: string, port: number): Socket {
  return systemConnect({ host: address, port, autoSelectFamily: false })
}

type Connect = () => Socket

async function dialFirst(
  all: readonly Connect[],
  host: string,
  milliseconds: number,
  signal: AbortSignal,
): Promise<Socket> {
  let failure: Refusal | undefined
  for (const connect of all) {
    const result = await dial(connect, milliseconds / all.length, signal)
    if (!(result instanceof Refusal)) return result
    failure = result
  }
  throw failure ?? notFound(host)
}

function dial(connect: Connect, milliseconds: number, signal: AbortSignal): Promise<Socket | Refusal> {
  return new Promise((resolve) => {
    const socket = connect()
    const settle = (result: Socket | Refusal) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', over)
      if (result !== socket) socket.destroy()
      resolve(result)
    }
    const late = () => settle(new Refusal('tcp', 'tcp.timeout'))
    const over = () => settle(timeIsOver('tcp', 'The time was over before anybody answered.'))
    const timer = setTimeout(late, milliseconds)
    signal.addEventListener('abort', over)
    socket.once('connect', () => settle(socket.setNoDelay(true)))
    // Stays for the life of the socket: an error that comes later is told by its users' own listeners, and is no crash.
    socket.on('error', (error: NodeJS.ErrnoException) => settle(unreachable(error)))
  })
}

function unreachable(error: NodeJS.ErrnoException): Refusal {
  const code = error.code ?? ''
  if (code === 'ETIMEDOUT') return new Refusal('tcp', 'tcp.timeout')
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return new Refusal('tcp', 'tcp.refused')
  return new Refusal('tcp', 'tcp.refused', { sentence: 'There is no way from here to this address.', detail: code })
}

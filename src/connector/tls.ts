import type { Duplex } from 'node:stream'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { Refusal } from './diagnosis.ts'
import type { Destination, Reporter } from './driver.ts'
import { withoutTrailingDot } from './host.ts'

/**
 * Encrypts a connected socket as the destination says, in a protocol whose server has just agreed to it, and resolves to the
 * encrypted one. Reports the rung; rejects with a `Refusal`. Not for destinations without encryption. `more` is for what a
 * protocol needs beyond that.
 */
export function startTls(
  socket: Duplex,
  destination: Destination,
  report: Reporter,
  more: Pick<ConnectionOptions, 'maxVersion'> = {},
): Promise<TLSSocket> {
  return encrypt({ socket, ...tlsOptions(destination), ...more }, destination, report, {
    code: 'protocol.unexpected',
    sentence: 'The server agreed to encrypt, and then sent something else.',
    nextStep: 'Check host and port.',
  })
}

/**
 * The same for protocols that begin with TLS, such as HTTPS. A server that does not speak it cannot say so in words of TLS:
 * whatever else it answers, garbage or another protocol, is `tls.not_offered`.
 */
export function startTlsAtOnce(socket: Duplex, destination: Destination, report: Reporter): Promise<TLSSocket> {
  return encrypt({ socket, ...tlsOptions(destination) }, destination, report, {
    code: 'tls.not_offered',
    sentence: 'What answers on this port does not speak TLS.',
    nextStep:
      'Check the port: encryption usually has one of its own, such as 443. Or have TLS turned on at the server.',
  })
}

type NotTls = { readonly code: Refusal['code']; readonly sentence: string; readonly nextStep: string }

async function encrypt(
  options: ConnectionOptions,
  destination: Destination,
  report: Reporter,
  { code, ...text }: NotTls,
): Promise<TLSSocket> {
  try {
    const encrypted = await handshake(options)
    reportTls(destination, report)
    return encrypted
  } catch (error) {
    if (error instanceof Refusal) throw error
    const { code: said = '', message } = error as NodeJS.ErrnoException
    if (notTls.test(said)) throw new Refusal('tls', code, { ...text, detail: `${said} ${message}` })
    throw tlsRefusal(error as NodeJS.ErrnoException, destination.host)
  }
}

/** What OpenSSL says about an answer that is not a record of TLS. */
const notTls = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE|HTTP_REQUEST|RECORD_LAYER_FAILURE/

/** Reports the rung for a connection that is encrypted as its destination says, or not, also as it says. */
export function reportTls(destination: Destination, report: Reporter): void {
  if (destination.tls === 'disable') report.notApplicable('tls', 'Not encrypted, as this connection is configured.')
  else if (destination.tls === 'require') report.passed('tls', 'Encrypted; the server was not verified.')
  else report.passed('tls', 'Encrypted, and the server proved who it is.')
}

/** Returns how TLS is to be spoken with a destination, for this module and for libraries that speak it themselves. */
export function tlsOptions({ host, tls, ca }: Destination): ConnectionOptions {
  return {
    host: withoutTrailingDot(host),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: tls === 'verify-full',
    ...(ca === null ? {} : { ca }),
    ...(/[:]|^[\d.]+$/.test(host) ? {} : { servername: withoutTrailingDot(host) }),
  }
}

function handshake(options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const encrypted = connect(options, () => {
      encrypted.removeListener('error', failed)
      encrypted.removeListener('close', ended)
      resolve(encrypted)
    })
    const failed = (error: Error) => reject(error)
    const ended = () => reject(closedWithoutAnswer())
    encrypted.once('error', failed)
    encrypted.once('close', ended)
  })
}

/** Returns what any other failed handshake means, from the error that Node.js gives for it. */
export function tlsRefusal(error: NodeJS.ErrnoException, host: string): Refusal {
  const detail = `${error.code ?? ''} ${error.message}`
  if (error.code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new Refusal('tls', 'tls.hostname', { sentence: `The certificate of the server is not for ${host}.`, detail })
  }
  if (error.code === 'CERT_HAS_EXPIRED') return new Refusal('tls', 'tls.expired', { detail })
  if (error.code === 'CERT_NOT_YET_VALID') {
    const sentence = 'The certificate of the server is not valid yet.'
    return new Refusal('tls', 'tls.expired', { sentence, detail })
  }
  if (untrusted.test(error.code ?? '')) return new Refusal('tls', 'tls.untrusted', { detail })
  const sentence = 'The server and Keyward could not agree on how to encrypt.'
  const nextStep = 'Have TLS 1.2 or later, without client certificates, turned on at the server.'
  return new Refusal('tls', 'protocol.unexpected', { sentence, nextStep, detail })
}

/** The names OpenSSL's verification has for a chain that does not end in a trusted authority. */
const untrusted =
  /SELF_SIGNED|UNABLE_TO|CERT_UNTRUSTED|CERT_SIGNATURE|INVALID_CA|INVALID_PURPOSE|CERT_CHAIN|CERT_REVOKED|CERT_REJECTED|PATH_LENGTH/

/** The server went away before it said anything. */
export function closedWithoutAnswer(): Refusal {
  return new Refusal('tls', 'protocol.unexpected', {
    sentence: 'The server closed the connection without an answer.',
  })
}

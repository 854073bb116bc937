import type { Socket } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'
import { Refusal } from './diagnosis.ts'
import type { Destination, Reporter } from './driver.ts'
import { withoutTrailingDot } from './host.ts'

/**
 * Encrypts a connected socket as the destination says and resolves to the encrypted one. Reports the rung; rejects with a
 * `Refusal`. Not for destinations without encryption.
 */
export async function startTls(socket: Socket, destination: Destination, report: Reporter): Promise<Socket> {
  const encrypted = await handshake(socket, destination)
  reportTls(destination, report)
  return encrypted
}

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

function handshake(socket: Socket, destination: Destination): Promise<Socket> {
  const options: ConnectionOptions = { socket, ...tlsOptions(destination) }
  return new Promise((resolve, reject) => {
    const encrypted = connect(options, () => {
      encrypted.removeListener('error', failed)
      encrypted.removeListener('close', ended)
      resolve(encrypted)
    })
    const failed = (error: NodeJS.ErrnoException) => reject(tlsRefusal(error, destination.host))
    const ended = () => reject(closedWithoutAnswer())
    encrypted.once('error', failed)
    encrypted.once('close', ended)
  })
}

/** Returns what a failed handshake means, from the error that Node.js gives for it. */
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
  // What came back was not TLS at all.
  if (error.code === 'ERR_SSL_WRONG_VERSION_NUMBER') return new Refusal('tls', 'tls.not_offered', { detail })
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

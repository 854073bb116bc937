import type { Socket } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'
import { Refusal } from '../diagnosis.ts'
import type { Destination, Reporter } from '../driver.ts'
import { withoutTrailingDot } from '../host.ts'

/**
 * Asks the server for TLS and resolves to the encrypted socket, or to the plain one where the destination says so.
 * Reports the rung; rejects with a `Refusal`. A server that offers none is never accepted in silence.
 */
export async function secure(socket: Socket, destination: Destination, report: Reporter): Promise<Socket> {
  if (destination.tls === 'disable') {
    report.notApplicable('tls', 'Not encrypted, as this connection is configured.')
    return socket
  }
  socket.write(sslRequest)
  const answer = await firstBytes(socket)
  if (answer.length !== 1 || (answer[0] !== letterS && answer[0] !== letterN)) throw notPostgres(answer)
  if (answer[0] === letterN) throw new Refusal('tls', 'tls.not_offered')
  const encrypted = await handshake(socket, destination)
  const verified = destination.tls === 'verify-full'
  report.passed(
    'tls',
    verified ? 'Encrypted, and the server proved who it is.' : 'Encrypted; the server was not verified.',
  )
  return encrypted
}

const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])
const letterS = 0x53
const letterN = 0x4e

/** More than the one byte would have been put in front of the encrypted part by someone in between. */
function firstBytes(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const answered = (chunk: Buffer) => {
      socket.pause()
      socket.off('end', ended).off('close', ended)
      resolve(chunk)
    }
    const ended = () => reject(closed())
    socket.once('data', answered).once('end', ended).once('close', ended)
  })
}

function handshake(socket: Socket, destination: Destination): Promise<Socket> {
  const verify = destination.tls === 'verify-full'
  const options: ConnectionOptions = {
    socket,
    host: withoutTrailingDot(destination.host),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: verify,
    ...(destination.ca === null ? {} : { ca: destination.ca }),
    ...(/[:]|^[\d.]+$/.test(destination.host) ? {} : { servername: withoutTrailingDot(destination.host) }),
  }
  return new Promise((resolve, reject) => {
    const encrypted = connect(options, () => {
      encrypted.removeListener('error', failed)
      encrypted.removeListener('close', ended)
      resolve(encrypted)
    })
    const failed = (error: NodeJS.ErrnoException) => reject(tlsRefusal(error, destination.host))
    const ended = () => reject(closed())
    encrypted.once('error', failed)
    encrypted.once('close', ended)
  })
}

function tlsRefusal(error: NodeJS.ErrnoException, host: string): Refusal {
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

function notPostgres(answer: Buffer): Refusal {
  const said = greetings.find(([pattern]) => pattern.test(answer.toString('latin1')))?.[1]
  const sentence =
    said === undefined ? 'What answers there does not speak PostgreSQL.' : `What answers there is ${said}.`
  return new Refusal('tls', 'protocol.unexpected', { sentence })
}

/** Only the kind is told; what a stranger's server says about itself is not repeated. */
const greetings: readonly [RegExp, string][] = [
  [/^SSH-/, 'an SSH server'],
  [/^HTTP\//, 'a web server'],
  [/^220[ -]/, 'a mail or file server'],
  [/^.{3}\0\n/s, 'MySQL or MariaDB'],
  [/^-ERR/, 'Redis'],
]

function closed(): Refusal {
  return new Refusal('tls', 'protocol.unexpected', {
    sentence: 'The server closed the connection without an answer.',
  })
}

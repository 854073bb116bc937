import type { Socket } from 'node:net'
import { Refusal } from '../diagnosis.ts'
import type { Destination, Reporter } from '../driver.ts'
import { closedWithoutAnswer, startTls } from '../tls.ts'

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
  return startTls(socket, destination, report)
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
    const ended = () => reject(closedWithoutAnswer())
    socket.once('data', answered).once('end', ended).once('close', ended)
  })
}

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

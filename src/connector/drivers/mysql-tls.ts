import type { Socket } from 'node:net'
import { Refusal } from '../diagnosis.ts'
import type { Destination, Reporter } from '../driver.ts'
import { closedWithoutAnswer, reportTls, startTls } from '../tls.ts'
import { serverError } from './mysql-errors.ts'
import { capability, type Greeting, notMysql, readGreeting } from './mysql-greeting.ts'

/** A connection to which nothing but a request for TLS has been written. */
export type Greeted = { readonly socket: Socket; readonly greeting: Greeting }

/**
 * Takes the server's greeting, then encrypts the connection as the destination says. Reports the rung; rejects with a
 * `Refusal`. A server that offers no TLS is never accepted in silence.
 */
export async function secure(socket: Socket, destination: Destination, report: Reporter): Promise<Greeted> {
  const plain = destination.tls === 'disable'
  if (plain) reportTls(destination, report)
  const greeting = readGreeting(await firstPacket(socket))
  if (plain) return { socket, greeting }
  if (!greeting.offersTls) throw new Refusal('tls', 'tls.not_offered')
  socket.write(sslRequest(greeting.capabilities))
  return { socket: await startTls(socket, destination, report), greeting }
}

/** The same capabilities as the client library will name: MariaDB looks at these alone. */
function sslRequest(capabilities: bigint): Buffer {
  const packet = Buffer.alloc(36)
  packet.writeUIntLE(32, 0, 3)
  packet[3] = 1
  packet.writeUInt32LE(Number((capabilities | capability.ssl) & 0xffffffffn), 4)
  packet.writeUInt32LE(largestPacket, 8)
  packet[12] = utf8mb4
  packet.writeUInt32LE(Number(capabilities >> 32n), 32)
  return packet
}

const largestPacket = 16_777_216
/** The number of `utf8mb4_unicode_ci`. */
const utf8mb4 = 224

/** A greeting has about a hundred bytes. */
const largestGreeting = 4_096

/** Resolves to the first packet. More than it would have been put in front of the encrypted part by someone in between. */
function firstPacket(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let gathered: Buffer = Buffer.alloc(0)
    const stop = () => void socket.pause().off('data', take).off('end', ended).off('close', ended)
    const take = (chunk: Buffer) => {
      gathered = Buffer.concat([gathered, chunk])
      const length = gathered.length < 4 ? undefined : gathered.readUIntLE(0, 3) + 4
      const refusal = judge(gathered, length)
      if (refusal !== undefined || gathered.length === length) stop()
      if (refusal !== undefined) reject(refusal)
      else if (gathered.length === length) resolve(gathered)
    }
    const ended = () => reject(closedWithoutAnswer())
    socket.on('data', take).once('end', ended).once('close', ended)
  })
}

function judge(gathered: Buffer, length: number | undefined): Refusal | undefined {
  const said = greetings.find(([pattern]) => pattern.test(gathered.toString('latin1', 0, 64)))?.[1]
  if (said !== undefined) return notMysql(`What answers there is ${said}.`)
  if (length === undefined) return undefined
  if (length > largestGreeting || gathered.length > length || gathered[3] !== 0) return notMysql()
  return gathered.length === length && gathered[4] === 0xff ? serverError(gathered.subarray(4)) : undefined
}

/** Only the kind is told; what a stranger's server says about itself is not repeated. */
const greetings: readonly [RegExp, string][] = [
  [/^SSH-/, 'an SSH server'],
  [/^HTTP\//, 'a web server'],
  [/^220[ -]/, 'a mail or file server'],
  [/^-ERR/, 'Redis'],
]

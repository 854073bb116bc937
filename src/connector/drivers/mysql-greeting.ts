import { Refusal } from '../diagnosis.ts'

/** What a server says of itself before anything else, as far as it matters here. */
export type Greeting = {
  /** Its version as text, printable and at most 100 characters. */
  readonly version: string
  readonly isMariaDb: boolean
  readonly offersTls: boolean
  /** What is spoken with it, as the client library will answer. */
  readonly capabilities: bigint
  /** The packet for the client library: it offers what is to be spoken and nothing else. */
  readonly packet: Buffer
}

/** Bits of the protocol's capabilities, as far as they are named here. */
export const capability = {
  mysql: 1n,
  ssl: 1n << 11n,
  protocol41: 1n << 9n,
  transactions: 1n << 13n,
  secureConnection: 1n << 15n,
  pluginAuth: 1n << 19n,
  longAuthData: 1n << 21n,
  extendedMetadata: 1n << 35n,
} as const

/**
 * Without: files of the client (LOCAL INFILE), compression, several statements or results in one, attributes that would
 * name this machine, and news of the session, by which a server can send a client elsewhere.
 */
const spoken =
  capability.protocol41 |
  capability.transactions |
  capability.secureConnection |
  capability.pluginAuth |
  capability.longAuthData |
  capability.extendedMetadata

/** Without these a server only knows ways to sign in that give the password away. MySQL has had them since 5.5. */
const needed = capability.protocol41 | capability.secureConnection | capability.pluginAuth

/** Reads the first packet of a server, header included. Throws a `Refusal` where it is not a greeting of this protocol. */
export function readGreeting(packet: Buffer): Greeting {
  const versionEnd = packet.indexOf(0, 5)
  // The fixed part ends with 13 bytes of seed at least; the version before it is text of moderate length.
  if (packet[4] !== 10 || versionEnd < 6 || versionEnd > 200 || packet.length < versionEnd + 45) throw notMysql()
  const at = offsets(versionEnd + 1)
  const own = packet
    .subarray(5, versionEnd)
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '')
  const offered = readCapabilities(packet, at)
  if ((offered & needed) !== needed) throw tooOld()
  const rewritten = Buffer.from(packet)
  writeCapabilities(rewritten, at, offered & (spoken | capability.mysql))
  return {
    // MariaDB puts this before its version for replicas of old MySQL.
    version: own.replace(/^5\.5\.5-/, '').slice(0, 100),
    isMariaDb: own.startsWith('5.5.5-') || own.includes('MariaDB') || (offered & capability.mysql) === 0n,
    offersTls: (offered & capability.ssl) !== 0n,
    capabilities: offered & spoken,
    packet: rewritten,
  }
}

type Offsets = { readonly low: number; readonly high: number; readonly extended: number }

/** Where the three parts of the capabilities are, from the end of the version on. */
function offsets(start: number): Offsets {
  return { low: start + 13, high: start + 18, extended: start + 27 }
}

function readCapabilities(packet: Buffer, { low, high, extended }: Offsets): bigint {
  const usual = BigInt(packet.readUInt16LE(low)) | (BigInt(packet.readUInt16LE(high)) << 16n)
  // MySQL says that it is MySQL; others have more capabilities where it has zeros.
  return (usual & capability.mysql) === 0n ? usual | (BigInt(packet.readUInt32LE(extended)) << 32n) : usual
}

function writeCapabilities(packet: Buffer, { low, high, extended }: Offsets, capabilities: bigint): void {
  packet.writeUInt16LE(Number(capabilities & 0xffffn), low)
  packet.writeUInt16LE(Number((capabilities >> 16n) & 0xffffn), high)
  if ((capabilities & capability.mysql) === 0n) packet.writeUInt32LE(Number(capabilities >> 32n), extended)
}

/** Something else answers, or nothing that can be understood. */
export function notMysql(sentence = 'The server does not speak MySQL.'): Refusal {
  return new Refusal('current', 'protocol.unexpected', { sentence })
}

function tooOld(): Refusal {
  return new Refusal('current', 'auth.method_refused', {
    sentence: 'The server knows only ways to sign in that would give the password away. Nothing was sent.',
    nextStep: 'Have it updated: MySQL 5.7 and MariaDB 10.3 are the oldest that Keyward talks to.',
  })
}

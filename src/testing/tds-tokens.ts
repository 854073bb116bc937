// What a SQL Server says, in the bytes of TDS 7.4.

/** A whole message of a server, in one packet after another. */
export function tableMessage(...tokens: readonly Buffer[]): Buffer {
  const body = Buffer.concat(tokens)
  const packets: Buffer[] = []
  for (let at = 0; at === 0 || at < body.length; at += mostInPacket) {
    const part = body.subarray(at, at + mostInPacket)
    packets.push(packetOf(0x04, part, at + mostInPacket >= body.length))
  }
  return Buffer.concat(packets)
}

/** One packet of any kind. */
export function packetOf(kind: number, body: Buffer, isLast = true): Buffer {
  const header = Buffer.from([kind, isLast ? 1 : 0, 0, 0, 0, 0, 1, 0])
  header.writeUInt16BE(body.length + 8, 2)
  return Buffer.concat([header, body])
}

const mostInPacket = 4_000

const uint16 = (value: number) => Buffer.from([value & 255, value >> 8])
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}
const shortText = (text: string) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'ucs2')])
const longText = (text: string) => Buffer.concat([uint16(text.length), Buffer.from(text, 'ucs2')])
const counted = (kind: number, body: Buffer) => Buffer.concat([Buffer.from([kind]), uint16(body.length), body])

/** The account is let in. */
export const loginAck = counted(
  0xad,
  Buffer.concat([Buffer.from([1, 0x74, 0, 0, 4]), shortText('Microsoft SQL Server'), Buffer.from([16, 0, 0, 0])]),
)

/** The end of an answer. */
export const done = Buffer.concat([Buffer.from([0xfd]), Buffer.alloc(12)])
const failed = Buffer.concat([Buffer.from([0xfd, 2]), Buffer.alloc(11)])

/** An error of the server, with the end of the answer. */
export function error(number: number, message: string): Buffer {
  const body = [int32(number), Buffer.from([1, 14]), longText(message), shortText('rogue'), shortText(''), int32(1)]
  return Buffer.concat([counted(0xaa, Buffer.concat(body)), failed])
}

/** The client is to go on to another server. */
export function routing(server: string, port: number): Buffer {
  const route = Buffer.concat([Buffer.from([0]), uint16(port), longText(server)])
  return counted(0xe3, Buffer.concat([Buffer.from([20]), uint16(route.length), route, uint16(0)]))
}

export type TdsCell = string | number | Buffer | null

/** Describes columns by the kinds of the cells that a first row could have: text, whole numbers or bytes. */
export function columns(...examples: readonly TdsCell[]): Buffer {
  const described = examples.map((example) => Buffer.concat([int32(0), uint16(1), typeOf(example), shortText('x')]))
  return Buffer.concat([Buffer.from([0x81]), uint16(examples.length), ...described])
}

function typeOf(example: TdsCell): Buffer {
  if (typeof example === 'number') return Buffer.from([0x26, 4])
  if (Buffer.isBuffer(example)) return Buffer.concat([Buffer.from([0xa5]), uint16(8_000)])
  return Buffer.concat([Buffer.from([0xe7]), uint16(8_000), Buffer.from([9, 4, 208, 0, 52])])
}

/** One row. */
export function row(...cells: readonly TdsCell[]): Buffer {
  return Buffer.concat([Buffer.from([0xd1]), ...cells.map(cellOf)])
}

function cellOf(cell: TdsCell): Buffer {
  if (cell === null) return uint16(0xffff)
  if (typeof cell === 'number') return Buffer.concat([Buffer.from([4]), int32(cell)])
  const bytes = Buffer.isBuffer(cell) ? cell : Buffer.from(cell, 'ucs2')
  return Buffer.concat([uint16(bytes.length), bytes])
}

import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Certificate } from './certificates.ts'
import type { Rogue } from './rogue-postgres.ts'

export type ClickHouseRogueName = keyof typeof behaviours

/**
 * Starts a server that speaks ClickHouse's HTTPS interface as recorded from today's servers, or with bad intentions. It
 * keeps the headers and statements that it is sent.
 */
export function startClickHouseRogue(name: ClickHouseRogueName, certificate: Certificate): Promise<Rogue> {
  return serve(behaviours[name], certificate)
}

/** Starts one that describes columns by lines of their names and their types, and gives rows as text. */
export function startRecordedClickHouse(
  { names, types, rows }: { readonly names: string; readonly types: string; readonly rows: string },
  certificate: Certificate,
): Promise<Rogue> {
  const act = (answer: ServerResponse, words: string) =>
    void answer.end(words.includes('WithNamesAndTypes') ? `${names}\n${types}\n` : rows)
  return serve(inside(act), certificate)
}

async function serve(act: Behaviour, { certificate, key }: Certificate): Promise<Rogue> {
  const heard: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer({ cert: certificate, key }, (asked, answer) => {
    const pieces: Buffer[] = [Buffer.from(`${asked.url}\n${JSON.stringify(asked.headers)}\n`)]
    asked.on('data', (piece: Buffer) => pieces.push(piece))
    asked.once('end', () => {
      const words = Buffer.concat(pieces)
      heard.push(words)
      act(answer, words.toString())
    })
  })
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    heard: () => Buffer.concat(heard),
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

type Behaviour = (answer: ServerResponse, words: string) => void

/** Refuses in the words of version 24. */
function refuse(answer: ServerResponse, status: number, code: number, words: string): void {
  answer.writeHead(status, { 'X-ClickHouse-Exception-Code': String(code) })
  answer.end(`Code: ${code}. DB::Exception: ${words} (version 24.8.4.13 (official build))\n`)
}

/** Signs everybody in, and then does `act` on the first statement that is about data. */
function inside(act: (answer: ServerResponse, words: string) => void) {
  return (answer: ServerResponse, words: string) => {
    if (words.endsWith('SELECT version()')) answer.end('24.8.4.13\n')
    else if (words.includes('system.settings')) answer.end(todaysSettings)
    else act(answer, words)
  }
}

const todaysSettings = `readonly\t0\nmax_execution_time\t0\ncancel_http_readonly_queries_on_client_close\t0\noutput_format_json_quote_denormals\t0\n`

/** Describes two columns, and gives `end` the rows. */
function importing(end: (answer: ServerResponse) => void) {
  return inside((answer, words) => {
    if (words.includes('WithNamesAndTypes')) answer.end("a\tb\nMap(String, UInt64)\tDateTime64(9, 'UTC')\n")
    else end(answer)
  })
}

const rows = (count: number) => '{"x":1}\t2024-01-01 00:00:00.123456789\n'.repeat(count)
const failure = 'Code: 395. DB::Exception: Value passed to throwIf is non-zero: while executing. (FUNCTION_THROW)\n'

function flood(answer: ServerResponse, text: string): void {
  const more = () => {
    while (answer.writable && answer.write(text));
  }
  answer.on('drain', more)
  more()
}

const behaviours = {
  'never answers': () => {},
  'is another web server': (answer) => void answer.end('<!DOCTYPE html><title>Welcome</title>'),
  'has no such page': (answer) => void answer.writeHead(404).end('<h1>Not found</h1>'),
  'sends elsewhere': (answer) =>
    void answer.writeHead(307, { location: `https://localhost:${answer.socket?.localPort}/elsewhere` }).end(),
  'refuses the password': (answer) =>
    refuse(answer, 403, 516, 'reader: Authentication failed. (AUTHENTICATION_FAILED)'),
  'repeats the password': (answer, words) => {
    const [, base64 = ''] = /"Basic ([^"]*)"/.exec(words) ?? []
    refuse(answer, 403, 516, `\x1b[31m${Buffer.from(base64, 'base64')}\u202e`)
  },
  'has no such database': (answer, words) => {
    if (words.endsWith('SELECT version()')) answer.end('24.8.4.13\n')
    else refuse(answer, 404, 81, 'Database shop does not exist. (UNKNOWN_DATABASE)')
  },
  'lets no one read': inside((answer) => refuse(answer, 403, 497, 'reader: Not enough privileges. (ACCESS_DENIED)')),
  'has no such table': inside((answer) => refuse(answer, 404, 60, 'Table shop.x does not exist. (UNKNOWN_TABLE)')),
  'takes too long': inside((answer) => refuse(answer, 500, 159, 'Timeout exceeded. (TIMEOUT_EXCEEDED)')),
  'sends rows without end': inside((answer) => flood(answer, `${'x'.repeat(99)}\n`.repeat(500))),
  'sends one byte a second': inside((answer) => {
    const timer = setInterval(() => (answer.writable ? answer.write('x') : clearInterval(timer)), 1_000)
  }),
  'names databases badly': inside((answer) => void answer.end('__proto__\n"; DROP\n<script>\n\u202eevil\n')),
  'closes after each answer': (answer, words) => {
    answer.setHeader('connection', 'close')
    inside(() => answer.end('shop\n'))(answer, words)
  },
  'exports today’s types': importing((answer) => void answer.end(rows(3))),
  'fails at the end of the rows': importing((answer) => void answer.end(rows(5_000) + failure)),
  'breaks off with the reason': importing((answer) => {
    answer.write(rows(5_000) + failure)
    setTimeout(() => answer.destroy(), 200)
  }),
  'breaks off': importing((answer) => {
    answer.write(rows(5_000))
    setTimeout(() => answer.destroy(), 200)
  }),
  'exports text that is not UTF-8': importing((answer) => {
    answer.write(rows(1))
    answer.end(Buffer.concat([Buffer.from('"'), Buffer.from([0xff, 0xfe]), Buffer.from('"\t2024-01-01 00:00:00\n')]))
  }),
} satisfies Record<string, Behaviour>

import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { Connection, Request, TYPES } from 'tedious'
import { Refusal } from '../diagnosis.ts'
import type { Job } from '../driver.ts'
import type { BasicAccount } from './basic-account.ts'
import { clientRefusal, lost, type Phase, type ServerError, serverRefusal } from './sqlserver-errors.ts'
import type { Wire } from './sqlserver-wire.ts'

/** A cell as the client library reads it: text, a number that it can hold, bytes, or nothing. */
export type Cell = string | number | boolean | Buffer | null

/** Holds back and lets on the rows of a statement. */
export type Valve = { pause(): void; resume(): void }

/** What is said over one connection of the client library. Each rejects with a `Refusal`, whatever goes wrong. */
export type Conversation = {
  /** Signs in. */
  connect(): Promise<void>
  /** Runs one statement with `text` as its parameter `@text`, and returns its rows. */
  query(statement: string, text?: string): Promise<Cell[][]>
  /** Runs one and gives its rows to `take` one by one; resolves when all have been. */
  stream(statement: string, take: (row: Cell[]) => void): { readonly done: Promise<void>; readonly valve: Valve }
  /** Hangs up. */
  goodbye(): void
}

/** Returns a conversation for a job that has not begun to sign in yet, and speaks through `wire`. */
export function converse(job: Job, account: BasicAccount, wire: Wire): Conversation {
  const connection = createConnection(job, account, wire)
  const guarded = guard(connection, wire)
  const run = (request: Request, send: (request: Request) => void) => {
    const done = new Promise<void>((resolve, reject) => {
      request.callback = (error?: Error | null) => (error ? reject(error) : resolve())
    })
    send(request)
    return guarded('reading', done)
  }
  const batch = (request: Request) => connection.execSqlBatch(request)
  return {
    goodbye: () => connection.close(),
    connect: () =>
      guarded(
        'signing in',
        new Promise<void>((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve()))),
      ),
    async query(statement, text) {
      const rows: Cell[][] = []
      const request = asking(statement, (row) => rows.push(row))
      if (text !== undefined) request.addParameter('text', TYPES.NVarChar, text)
      await run(request, text === undefined ? batch : (one) => connection.execSql(one))
      return rows
    },
    stream(statement, take) {
      const request = asking(statement, (row) => {
        wire.countAnew()
        take(row)
      })
      return { done: run(request, batch), valve: request as Valve }
    },
  }
}

/** Nothing that the client library would otherwise choose is left to it. */
function createConnection(job: Job, account: BasicAccount, wire: Wire): Connection {
  const unused = [wire]
  const connector = async () => {
    const next = unused.pop()
    if (next === undefined) throw sentElsewhere()
    return next as unknown as Socket
  }
  const { destination, limits, parameters, runId } = job
  return new Connection({
    server: destination.host,
    authentication: { type: 'default', options: { userName: account.username, password: account.password } },
    options: {
      connector,
      port: destination.port,
      database: parameters.database ?? '',
      // The wire is encrypted already.
      encrypt: false,
      fallbackToDefaultDb: false,
      maxRetriesOnTransientErrors: 0,
      connectTimeout: limits.milliseconds,
      requestTimeout: Math.max(1, Math.floor(limits.milliseconds * 0.95)),
      cancelTimeout: 1_000,
      appName: `keyward ${runId}`.slice(0, 63),
      workstationId: 'keyward',
      useColumnNames: false,
      rowCollectionOnDone: false,
      rowCollectionOnRequestCompletion: false,
    },
  })
}

/** The library would dial what the server names, past the policy, and hand it the password. */
function sentElsewhere(): Refusal {
  return new Refusal('authentication', 'protocol.unexpected', {
    sentence: 'The server sent Keyward on to another one, which it does not follow with a secret.',
    nextStep: 'Enter the host and port of the other server, or (Azure SQL) set the connection policy to Proxy.',
  })
}

function asking(statement: string, take: (row: Cell[]) => void): Request {
  const request = new Request(statement, () => {})
  request.on('row', (cells: LibraryRow) => take(cells.map(({ value }) => value as Cell)))
  return request
}

type LibraryRow = readonly { readonly value: unknown }[]

/** Returns what lets work go on until the connection breaks, and tells why it did. */
function guard(connection: Connection, wire: Wire): <T>(phase: Phase, work: Promise<T>) => Promise<T> {
  const said: ServerError[] = []
  connection.on('errorMessage', ({ number, message }) => {
    if (said.length < mostErrors) said.push({ number, message })
  })
  const broken = new Promise<never>((_, reject) => {
    connection.on('error', reject).on('end', () => reject(lost()))
    hearParser(connection, reject)
  })
  broken.catch(() => {})
  return async (phase, work) => {
    try {
      return await Promise.race([work, broken])
    } catch (error) {
      if (wire.errored instanceof Refusal) throw wire.errored
      const refusal = clientRefusal(error)
      const isOurs = error instanceof Refusal || refusal === (error as Error).cause
      throw said.length > 0 && !isOurs ? serverRefusal(said, phase) : refusal
    }
  }
}

/** What a server may say about one failure. */
const mostErrors = 20

/** The library does not listen to its own parser of answers, whose error would end this process without a word. */
function hearParser(connection: Connection, failed: (error: Error) => void): void {
  const parsing = connection as unknown as Parsing
  const create = parsing.createTokenStreamParser.bind(connection)
  parsing.createTokenStreamParser = (...given) => {
    const made = create(...given)
    made.parser.on('error', failed)
    return made
  }
}

type Parsing = { createTokenStreamParser(...given: unknown[]): { readonly parser: Readable } }

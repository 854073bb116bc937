import pg from 'pg'
import type { Session } from '../driver.ts'
import { inSignInTime } from '../sign-in-time.ts'
import { type BasicAccount, readBasicAccount } from './basic-account.ts'
import { type Phase, refusalFrom } from './postgresql-errors.ts'
import { secure } from './postgresql-tls.ts'
import { type Proof, Wire } from './postgresql-wire.ts'

/** A signed-in connection. Every cell is text, as the server writes it, or null. */
export type PostgresSession = {
  readonly serverVersion: string
  /** Runs one statement; more than one in the text is an error of the server's. */
  query(text: string, values?: readonly unknown[]): Promise<Result>
  /** Runs statements of ours that need no answer. */
  run(text: string): Promise<void>
  /** Runs statements of ours, sent together; resolves to the rows of each. The first that fails is the last that runs. */
  runAll(text: string): Promise<readonly Result['rows'][]>
  /** Starts `COPY … TO STDOUT`, sent as one statement; resolves with the number of rows when the last one was taken. */
  copy(text: string, sink: Parameters<Wire['copyInto']>[0]): Promise<number>
  resumeCopy(): void
}

export type Result = {
  readonly fields: readonly { readonly name: string; readonly type: number; readonly modifier: number }[]
  readonly rows: readonly (readonly (string | null)[])[]
}

/**
 * Signs in, reports the rungs up to the database, runs `work` and says goodbye. Rejects with a `Refusal` whatever goes
 * wrong. Nothing that the client library would otherwise find in an environment or a file is left to it.
 */
export async function withSession<T>(session: Session, work: (postgres: PostgresSession) => Promise<T>): Promise<T> {
  const account = readBasicAccount(session.job)
  const expiry = session.job.credential.knownExpiry
  const client = await inSignInTime(session, phase('signing in', expiry, signIn(session, account)))
  try {
    return await phase('reading', expiry, work(client.postgres))
  } finally {
    client.goodbye()
  }
}

async function phase<T>(name: Phase, knownExpiry: string | undefined, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw refusalFrom(error, name, knownExpiry)
  }
}

type SignedIn = { readonly postgres: PostgresSession; goodbye(): void }

async function signIn(session: Session, account: BasicAccount): Promise<SignedIn> {
  const { destination, runId } = session.job
  const socket = await secure(await session.dial(destination.host, destination.port), destination, session.report)
  const verified = destination.tls === 'verify-full'
  const onAuthenticated = (proof: Proof) => session.report.passed('authentication', proofs[proof])
  const wire = new Wire(socket, { verified, onAuthenticated })
  const client = new pg.Client({
    ...account,
    user: account.username,
    host: destination.host,
    port: destination.port,
    database: session.job.parameters.database ?? '',
    stream: () => wire,
    // The wire is encrypted already, where it is to be.
    ssl: false,
    enableChannelBinding: destination.tls !== 'disable',
    scramMaxIterations: 100_000,
    application_name: `keyward ${runId} ${session.job.parameters.applicationName ?? ''}`.trim().slice(0, 63),
    fallback_application_name: 'keyward',
    client_encoding: 'UTF8',
    keepAlive: false,
    connectionTimeoutMillis: 0,
    types: { getTypeParser: () => asText },
    // What a sign-in asks goes out without waiting for the answers before it. A COPY must have the connection to itself.
    pipeline: session.job.operation === 'signIn',
  } as pg.ClientConfig)
  client.on('error', () => {})
  let serverVersion = ''
  onParameter(client, (name, value) => {
    if (name === 'server_version') serverVersion = value.replace(/[^\x20-\x7e]/g, '').slice(0, 100)
  })
  await client.connect()
  session.report.passed('database', 'The database is open to this account.')
  return { postgres: talk(client, wire, () => serverVersion), goodbye: () => void client.end().catch(() => {}) }
}

const proofs: Readonly<Record<Proof, string>> = {
  scram: 'The server knows this account and its password.',
  password: 'The server accepted this username and password.',
  none: 'The server let this account in without asking for its password.',
}

/** The library has no event of its own for what a server says of itself. */
function onParameter(client: pg.Client, take: (name: string, value: string) => void): void {
  const { connection } = client as unknown as { connection: NodeJS.EventEmitter }
  connection.on('parameterStatus', (message: { parameterName: string; parameterValue: string }) => {
    take(message.parameterName, message.parameterValue)
  })
}

function asText(value: unknown): unknown {
  return value
}

function talk(client: pg.Client, wire: Wire, version: () => string): PostgresSession {
  return {
    get serverVersion() {
      return version()
    },
    async query(text, values = []) {
      const config = { text, values: [...values], rowMode: 'array', queryMode: 'extended' }
      const { fields, rows } = await client.query(config as unknown as pg.QueryArrayConfig)
      const described = fields.map((f) => ({ name: f.name, type: f.dataTypeID, modifier: f.dataTypeModifier }))
      return { fields: described, rows: rows as (string | null)[][] }
    },
    async run(text) {
      await client.query(text)
    },
    async runAll(text) {
      const results: unknown = await client.query({ text, rowMode: 'array' })
      return (Array.isArray(results) ? results : [results]).map(({ rows }: pg.QueryArrayResult) => rows)
    },
    copy(text, sink) {
      wire.copyInto(sink)
      return new Promise((resolve, reject) => client.query(new CopyOut(text, resolve, reject)))
    },
    resumeCopy: () => wire.resumeCopy(),
  }
}

/** What the library needs to run a COPY whose payload it never sees. Sent by the protocol that takes one statement. */
class CopyOut implements pg.Submittable {
  readonly #text: string
  readonly #resolve: (rows: number) => void
  readonly #reject: (error: unknown) => void
  #rows = 0

  constructor(text: string, resolve: (rows: number) => void, reject: (error: unknown) => void) {
    this.#text = text
    this.#resolve = resolve
    this.#reject = reject
  }

  /** The library looks for it, and would put one here. */
  readonly callback = () => {}

  submit(connection: pg.Connection): void {
    connection.parse({ name: '', text: this.#text, types: [] }, true)
    connection.bind({}, true)
    connection.execute({ portal: '', rows: '0' }, true)
    connection.sync()
  }

  handleCommandComplete(message: { readonly text?: string }): void {
    this.#rows = Number(/^COPY (\d+)/.exec(message.text ?? '')?.[1] ?? 0)
  }

  handleError(error: unknown): void {
    this.#reject(error)
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#rows)
  }
}

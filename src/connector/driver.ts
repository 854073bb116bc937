import type { Secret } from '../secrets/secret.ts'
import type { Dialer } from './egress.ts'
import type { FieldSpec } from './field-spec.ts'

/** Parameters of a data connection by `FieldSpec` id. Structured values only; never a connection string or a secret. */
export type Parameters = Readonly<Record<string, string>>

/** How a connection is protected: encrypted and the server proven, encrypted only, or not at all. */
export type TlsMode = 'verify-full' | 'require' | 'disable'

/** Where a secret would really go. What is not in here cannot steer it (product.md §1). */
export type Destination = {
  readonly driver: string
  /** As written by the user, trimmed and lower-cased. */
  readonly host: string
  readonly port: number
  readonly tls: TlsMode
  /** PEM of the pinned certificate authority, or null for the system's. */
  readonly ca: string | null
}

/** The closed list of what a rung can say (connector.md §4). `ok` is success. */
export const diagnosisCodes = [
  'ok',
  'policy.refused',
  'dns.not_found',
  'tcp.refused',
  'tcp.timeout',
  'tls.untrusted',
  'tls.hostname',
  'tls.expired',
  'tls.not_offered',
  'auth.refused',
  'auth.method_refused',
  'auth.expired',
  'auth.locked',
  'db.not_found',
  'db.denied',
  'read.denied',
  'protocol.unexpected',
  'limit.exceeded',
  'internal',
] as const
export type DiagnosisCode = (typeof diagnosisCodes)[number]

export const rungNames = ['policy', 'dns', 'tcp', 'tls', 'authentication', 'database', 'read'] as const
export type RungName = (typeof rungNames)[number]

/** One rung of the ladder that a sign-in climbs. */
export type Rung = {
  readonly name: RungName
  readonly state: 'passed' | 'failed' | 'not reached' | 'not applicable'
  readonly milliseconds: number | null
  readonly code: DiagnosisCode | null
  /** One sentence for people: what happened, to what. */
  readonly sentence: string
  /** What to do next; only on a failed rung. */
  readonly nextStep: string | null
  /** What the target said, without secrets and control characters, at most 500 characters; folded away in pages. */
  readonly detail: string | null
}
/** All seven rungs, in order. */
export type Diagnosis = readonly Rung[]

/** What is read: a table, or a read-only query by its user. */
export type Source =
  | { readonly kind: 'table'; readonly schema: string; readonly table: string; readonly sample?: Sample }
  | { readonly kind: 'query'; readonly query: string }

/** How much of a table is taken at random: a percentage, or a number of rows. One `seed` takes the same rows where it can. */
export type Sample = { readonly of: 'percent' | 'rows'; readonly amount: number; readonly seed: number }

/** A column as the catalog stores it: `type` is a DuckDB type name. */
export type Column = { readonly name: string; readonly type: string }
export type TableEntry = { readonly schema: string; readonly name: string; readonly type: 'table' | 'view' }
/** A list of names has no more than this, whatever the source has. */
export const mostListed = 10_000
/** Cells as text, null where the source has NULL; a cell over the limit is cut and ends in "…". */
export type Rows = { readonly columns: readonly Column[]; readonly rows: readonly (readonly (string | null)[])[] }
/** Read so far, from the source. */
export type Progress = { readonly rows: number; readonly bytes: number }
/** A finished import: the Parquet file's rows, size in bytes and columns. */
export type Imported = { readonly rows: number; readonly bytes: number; readonly columns: readonly Column[] }

/** What an account may do beyond reading, as far as the target tells; null where it does not. */
export type Privileges = { readonly superuser: boolean | null; readonly canWrite: boolean | null }

/** What a connector worker can be asked to do, with what it answers. */
export type Operations = {
  signIn: {
    input: Record<never, never>
    /** `expiresAt` is when the target says the secret ends (ISO 8601); null where it says nothing or never. */
    output: {
      readonly serverVersion: string
      readonly expiresAt?: string | null
      /** What the server turned out to be, where that is not what its driver is called: `Amazon Redshift`. */
      readonly product?: string
      readonly privileges?: Privileges
    }
  }
  listSchemas: {
    input: Record<never, never>
    /** `isPartial` where there are more, and they were not looked for. */
    output: { readonly schemas: readonly string[]; readonly isPartial?: boolean }
  }
  listTables: {
    input: { readonly schema: string }
    output: { readonly tables: readonly TableEntry[]; readonly isPartial?: boolean }
  }
  preview: { input: { readonly source: Source; readonly rows: number }; output: Rows }
  /**
   * Writes a zstd Parquet file at `file` (absolute; it must not exist). Removes it again when it fails. With a `key` (32
   * bytes) it is a sealed file (docs/record-format.md §9) of at most `mostBytes`; the key is wiped when the job is over.
   */
  import: {
    input: {
      readonly source: Source
      readonly rowLimit: number | null
      readonly file: string
      readonly key?: Secret
      readonly mostBytes?: number
    }
    output: Imported
  }
}
export type Operation = keyof Operations

/** Bounds of one job; over one of them the job ends as `limit.exceeded`. */
export type Limits = {
  readonly milliseconds: number
  readonly heapMegabytes: number
  readonly cellCharacters: number
}

/** A credential in the clear, as long as one job lasts. */
export type OpenedCredential = {
  readonly type: string
  readonly fields: Readonly<Record<string, Secret>>
  /** When the target said, at the last sign-in, that the secret would end (ISO 8601): tells `auth.expired` apart. */
  readonly knownExpiry?: string
}

/** Everything a worker needs for its one job. `runId` also goes to the target (application name). */
export type Job<O extends Operation = Operation> = {
  readonly driver: string
  readonly destination: Destination
  readonly parameters: Parameters
  readonly credential: OpenedCredential
  readonly operation: O
  readonly input: Operations[O]['input']
  readonly limits: Limits
  readonly runId: string
}

/** What came of a job. A refusal by the target is an outcome, never an exception. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly diagnosis: Diagnosis }
  | { readonly ok: false; readonly code: Exclude<DiagnosisCode, 'ok'>; readonly diagnosis: Diagnosis }

/** Where a driver reports how far it climbed, and how much it read. */
export type Reporter = {
  /** `milliseconds` where the driver knows better than the time since the last rung. */
  passed(rung: RungName, sentence: string, milliseconds?: number): void
  notApplicable(rung: RungName, sentence: string): void
  progress(progress: Progress): void
}

/** What a driver works with inside the worker. */
export type Session = {
  readonly job: Job
  readonly dial: Dialer
  readonly report: Reporter
  /** Aborted when the job was cancelled or is over its time. */
  readonly signal: AbortSignal
}

/** One kind of data store. Declared here, executed only inside a connector worker. */
export type Driver = {
  readonly id: string
  readonly label: string
  /** One line under the label in the list of stores. */
  readonly summary: string
  readonly defaultPort: number
  /** The npm package it cannot do without and that an installation may leave out; null where it always works. */
  readonly library: string | null
  /** True where the tests run against a real server of this kind; people see *preview* on the others. */
  readonly isVerified: boolean
  readonly parameters: readonly FieldSpec[]
  /** Ids of the credential types it can sign in with. */
  readonly credentialTypes: readonly string[]
  /** Derives where the secret would go. Parameters must have been parsed by the specs first. */
  destination(parameters: Parameters): Destination
  /** The address people read, for example `postgresql://db.example.com:5432/sales`. */
  address(parameters: Parameters): string
  /** Statements that make an account like `username` which can only read, as text to copy; every name in them is quoted. */
  readOnlyStatements?(parameters: Parameters, username: string): string
}

/** The part of a driver that talks; loaded only by the worker. */
export type DriverClient = {
  [O in Operation]: (session: Session, input: Operations[O]['input']) => Promise<Operations[O]['output']>
}

/** Thrown when the pool is at a limit: the caller answers 429 with `retryAfterSeconds`. */
export class TooBusy extends Error {
  readonly retryAfterSeconds: number
  constructor(retryAfterSeconds: number) {
    super('Keyward is doing as much at once as it may. Try again in a moment.')
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** Runs jobs, each in a worker process of its own. */
export type Connector = {
  /**
   * Runs one job and resolves with its outcome, also when the worker died (`internal`) or ran over (`limit.exceeded`).
   * Waits a moment for a place where all are taken, then rejects with `TooBusy`, and with nothing else. The job's secrets are wiped when it returns. An aborted `signal` kills the worker;
   * the outcome is then `limit.exceeded`.
   */
  run<O extends Operation>(
    job: Job<O>,
    options: {
      readonly userId: string
      readonly signal?: AbortSignal
      /** Called when the account was let in, before anything is read with it. */
      readonly onLetIn?: () => void
      readonly onProgress?: (progress: Progress) => void
      /** True for what nobody waits for: it leaves the last places to people and is refused rather than waiting. */
      readonly background?: boolean
    },
  ): Promise<Outcome<Operations[O]['output']>>
  close(): Promise<void>
}

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type EgressPolicy, parsePolicy } from './connector/egress-policy.ts'
import { type MailSettings, type Read, readMail, readWebhook, type WebhookSettings } from './notifications/settings.ts'
import { OperatorError } from './operator-error.ts'
import { readSnapshotSettings, type SnapshotSettings, snapshotSettings } from './storage/settings.ts'

/** What an operator decided, checked and with defaults filled in. Paths are absolute. */
export type Config = {
  /** Null: Keyward brings its own PostgreSQL. */
  readonly database: { readonly url: string; readonly migrationUrl: string } | null
  readonly dataDirectory: string
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** The public address, such as `https://keys.example.com`; null where it is whatever people type. */
  readonly origin: string | null
  /** True where a proxy of the operator's writes X-Forwarded-For, which is then believed. */
  readonly trustProxy: boolean
  readonly deployment: 'self-managed' | 'managed'
  readonly kek: KekSource
  /** Where connections to data stores may go. */
  readonly egress: EgressPolicy
  /** Where notifications are posted to; null where they are not. */
  readonly webhook: WebhookSettings | null
  /** How notifications are sent by e-mail; null where they are not. */
  readonly mail: MailSettings | null
  readonly snapshots: SnapshotSettings
  readonly logLevel: LogLevel
  /** Sentences about what looks like a mistake but stops nothing. */
  readonly warnings: readonly string[]
}

/** Where the key-encryption key comes from. `generate`: make the file when there is no data that would need another. */
export type KekSource =
  | { readonly kind: 'file'; readonly path: string; readonly generate: boolean }
  | { readonly kind: 'systemd'; readonly path: string }
  | { readonly kind: 'env'; readonly text: string }

export type LogLevel = (typeof logLevels)[number]

/** Every setting there is; docs/operations.md describes each. */
export const settings = [
  'DATABASE_URL',
  'MIGRATION_DATABASE_URL',
  'DATA_DIR',
  'PORT',
  'HOST',
  'ORIGIN',
  'TRUST_PROXY',
  'DEPLOYMENT',
  'KEYWARD_KEK_FILE',
  'CREDENTIALS_DIRECTORY',
  'KEYWARD_KEK',
  'KEYWARD_ALLOW_ENV_KEK',
  'EGRESS_ALLOW',
  'EGRESS_DENY',
  'WEBHOOK_URL',
  'WEBHOOK_SECRET_FILE',
  'WEBHOOK_CA_FILE',
  'SMTP_URL',
  'SMTP_CA_FILE',
  'MAIL_FROM',
  ...snapshotSettings,
  'LOG_LEVEL',
] as const
export type Setting = (typeof settings)[number]

/** The settings are not usable; `problems` holds all that is wrong, each a sentence with its next step. */
export class ConfigError extends OperatorError {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** Returns the environment of this process, for what hands it on to `loadConfig`. */
export function environment(): NodeJS.ProcessEnv {
  return process.env
}

/**
 * Reads the environment into a Config. Throws `ConfigError` with every problem at once; no problem repeats a value that
 * may hold a password. An empty variable counts as absent. `KEYWARD_KEK` is deleted from `env` once it is read, so that
 * no child inherits it.
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const reader = new Reader(env)
  const dataDirectory = resolve(reader.text('DATA_DIR') ?? './data')
  const database = readDatabase(reader)
  const deployment = reader.oneOf('DEPLOYMENT', ['self-managed', 'managed'], 'self-managed')
  const config: Config = {
    database,
    dataDirectory,
    host: readHost(reader),
    port: readPort(reader),
    origin: readOrigin(reader),
    trustProxy: reader.oneOf('TRUST_PROXY', ['0', '1'], '0') === '1',
    deployment,
    kek: readKek(reader, dataDirectory, database === null),
    egress: readEgress(reader, deployment),
    webhook: readNotifications(reader, readWebhook, 'WEBHOOK_URL', 'WEBHOOK_SECRET_FILE', 'WEBHOOK_CA_FILE'),
    mail: readNotifications(reader, readMail, 'SMTP_URL', 'MAIL_FROM', 'SMTP_CA_FILE'),
    snapshots: readSnapshots(reader, dataDirectory),
    logLevel: reader.oneOf('LOG_LEVEL', logLevels, 'info'),
    warnings: unknownSettings(env),
  }
  delete env.KEYWARD_KEK
  if (reader.problems.length > 0) throw new ConfigError(reader.problems)
  return config
}

const logLevels = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const

class Reader {
  readonly problems: string[] = []
  readonly #env: NodeJS.ProcessEnv

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env
  }

  text(name: Setting): string | undefined {
    return this.#env[name]?.trim() || undefined
  }

  problem(sentence: string): void {
    this.problems.push(sentence)
  }

  oneOf<T extends string>(name: Setting, allowed: readonly T[], fallback: T): T {
    const value = this.text(name)
    if (value === undefined) return fallback
    const found = allowed.find((one) => one === value)
    if (found === undefined) this.problem(`${name} is "${value}". Set it to one of: ${allowed.join(', ')}.`)
    return found ?? fallback
  }
}

function readDatabase(reader: Reader): Config['database'] {
  const url = readDatabaseUrl(reader, 'DATABASE_URL')
  const migrationUrl = readDatabaseUrl(reader, 'MIGRATION_DATABASE_URL')
  if (url === undefined && migrationUrl !== undefined) {
    reader.problem('MIGRATION_DATABASE_URL is set without DATABASE_URL. Set DATABASE_URL too, or remove it.')
  }
  return url === undefined ? null : { url, migrationUrl: migrationUrl ?? url }
}

function readDatabaseUrl(reader: Reader, name: 'DATABASE_URL' | 'MIGRATION_DATABASE_URL'): string | undefined {
  const text = reader.text(name)
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  const usable = url !== undefined && /^postgres(ql)?:$/.test(url.protocol) && url.pathname.length > 1
  if (!usable) {
    reader.problem(
      `${name} is not the address of a PostgreSQL database. Write it as postgres://user:password@host:5432/database.`,
    )
  }
  return text
}

function readPort(reader: Reader): number {
  const text = reader.text('PORT') ?? '3000'
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535))
    reader.problem(`PORT is "${text}". Set it to a number from 1 to 65535, or 0 for any free port.`)
  return port
}

function readHost(reader: Reader): string {
  const host = (reader.text('HOST') ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1')
  if (!/^[0-9A-Za-z.:_-]+$/.test(host) || /:\d+$/.test(host.replace(/.*:.*:.*/, ''))) {
    reader.problem(
      `HOST is "${host}". Set it to an address of this machine without scheme and port, such as 127.0.0.1, or 0.0.0.0 for all.`,
    )
  }
  return host
}

function readOrigin(reader: Reader): string | null {
  const text = reader.text('ORIGIN')
  if (text === undefined) return null
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain = url !== undefined && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href
  if (!plain)
    reader.problem('ORIGIN is not a web address without a path. Set it to something like https://keys.example.com.')
  return url?.origin ?? null
}

function readKek(reader: Reader, dataDirectory: string, embedded: boolean): KekSource {
  const file = reader.text('KEYWARD_KEK_FILE')
  const text = reader.text('KEYWARD_KEK')
  const folder = reader.text('CREDENTIALS_DIRECTORY')
  const credential = folder === undefined ? undefined : join(folder, 'keyward-kek')
  if (text !== undefined && file !== undefined) {
    reader.problem('KEYWARD_KEK_FILE and KEYWARD_KEK are both set. Keep KEYWARD_KEK_FILE and remove KEYWARD_KEK.')
  }
  if (text !== undefined && reader.text('KEYWARD_ALLOW_ENV_KEK') !== '1') {
    reader.problem(
      'KEYWARD_KEK holds a key in the environment, where other programs may see it. Put it into a file and set KEYWARD_KEK_FILE, or set KEYWARD_ALLOW_ENV_KEK=1 to accept that.',
    )
  }
  if (file !== undefined) return { kind: 'file', path: resolve(file), generate: false }
  if (text !== undefined) return { kind: 'env', text }
  if (credential !== undefined && existsSync(credential)) return { kind: 'systemd', path: credential }
  if (!embedded) {
    reader.problem(
      'DATABASE_URL is set, but no key to protect the secrets in that database. Make one with "keyward key generate --file keyward.kek", keep a copy in a safe place, and set KEYWARD_KEK_FILE to it.',
    )
  }
  return { kind: 'file', path: join(dataDirectory, 'keyward.kek'), generate: embedded }
}

function readEgress(reader: Reader, deployment: Config['deployment']): EgressPolicy {
  const { policy, problems } = parsePolicy(
    deployment,
    reader.text('EGRESS_ALLOW') ?? '',
    reader.text('EGRESS_DENY') ?? '',
  )
  for (const problem of problems) reader.problem(problem)
  return policy
}

function readNotifications<T>(
  reader: Reader,
  read: (...texts: (string | undefined)[]) => Read<T>,
  ...names: readonly Setting[]
): T | null {
  const { settings: found, problems } = read(...names.map((name) => reader.text(name)))
  for (const problem of problems) reader.problem(problem)
  return found
}

function readSnapshots(reader: Reader, dataDirectory: string): SnapshotSettings {
  const { settings: found, problems } = readSnapshotSettings((name) => reader.text(name), dataDirectory)
  for (const problem of problems) reader.problem(problem)
  return found
}

function unknownSettings(env: NodeJS.ProcessEnv): string[] {
  const known: readonly string[] = settings
  return Object.keys(env)
    .filter((name) => name.startsWith('KEYWARD_') && !known.includes(name))
    .sort()
    .map((name) => `${name} is set, but Keyward has no such setting. Check its spelling, or remove it.`)
}

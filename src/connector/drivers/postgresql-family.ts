import type { PostgresSession, Result } from './postgresql-session.ts'

/** What a server that speaks PostgreSQL's protocol is, where it says more than that it is PostgreSQL. */
type Signs = {
  /** The answer of `version()`. */
  readonly version: string
  /** The version of the extension TimescaleDB in this database. */
  readonly timescale?: string | null | undefined
  /** Whether it has the functions of Amazon Aurora. */
  readonly isAurora?: boolean
}

/** Each with what its `version()` says, its own version in the first group. */
const family: readonly (readonly [name: string, says: RegExp])[] = [
  ['Amazon Redshift', /\bRedshift ([\d.]+)/],
  ['CockroachDB', /^CockroachDB .*?\bv([\d.]+)/],
  ['YugabyteDB', /^PostgreSQL [\d.]+-YB-([\d.]+)/],
  ['Greenplum', /\(Greenplum Database ([\d.]+)/],
  ['Materialize', /\b[Mm]aterialized? v([\d.]+)/],
  ['EDB Postgres Advanced Server', /\(EnterpriseDB Advanced Server ([\d.]+)/],
]

/** Returns the product with its version, such as `CockroachDB 23.1.11`; undefined for PostgreSQL itself. */
export function recognise({ version, timescale, isAurora }: Signs): string | undefined {
  for (const [name, says] of family) {
    const found = says.exec(version)
    if (found !== null) return `${name} ${(found[1] ?? '').replace(/\.+$/, '').slice(0, 20)}`.trim()
  }
  if (timescale) return `TimescaleDB ${timescale.replace(/[^\w.-]/g, '').slice(0, 20)}`
  return isAurora ? 'Amazon Aurora' : undefined
}

/**
 * Asks the server what it is. Run outside a transaction: what one member of the family does not know ends a transaction,
 * and is no reason to refuse an account.
 */
export async function askProduct(postgres: Pick<PostgresSession, 'query'>): Promise<string | undefined> {
  return productOf((await rowsOr(postgres, productSql, plainSql))[0])
}

/** Returns what the answer to `productSql` means. */
export function productOf([version, timescale, aurora]: Result['rows'][number] = []): string | undefined {
  return recognise({ version: version ?? '', timescale, isAurora: aurora !== undefined && aurora !== null })
}

/** Asks when the role's password ends, as seconds of the epoch; null for never, and where the server does not tell. */
export async function askExpiry(postgres: Pick<PostgresSession, 'query'>): Promise<string | null> {
  const [[seconds] = []] = await rowsOr(postgres, expirySql, null)
  return seconds ?? null
}

/** Reports whether a server refused a statement because it lacks something in it that PostgreSQL has. */
export function isLack(error: unknown): boolean {
  const { code, severity } = error as { readonly code?: unknown; readonly severity?: unknown }
  return severity === 'ERROR' && typeof code === 'string' && lacks.has(code)
}

/** Undefined function, column, table, parameter or type, a syntax of its own, not supported, and an error inside. */
const lacks = new Set(['42883', '42703', '42P01', '42704', '42601', '42846', '0A000', 'XX000', '3F000'])

async function rowsOr(
  postgres: Pick<PostgresSession, 'query'>,
  text: string,
  other: string | null,
): Promise<Result['rows']> {
  try {
    return (await postgres.query(text)).rows
  } catch (error) {
    if (!isLack(error)) throw error
    return other === null ? [] : rowsOr(postgres, other, null)
  }
}

const plainSql = 'SELECT version()'

/** What a server says of itself, for `productOf`. */
export const productSql = `SELECT pg_catalog.version(),
(SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'timescaledb'),
pg_catalog.to_regproc('aurora_version')`

/** When the role's password ends, in seconds of the epoch; no row where it never does. */
export const expirySql = `SELECT pg_catalog.date_part('epoch', rolvaliduntil) FROM pg_catalog.pg_roles
WHERE rolname = CURRENT_USER AND pg_catalog.isfinite(rolvaliduntil)`

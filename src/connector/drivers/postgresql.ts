import { caField, hostField, portField, tlsField, tlsMode } from '../common-fields.ts'
import type { Destination, Driver, Parameters } from '../driver.ts'
import type { FieldSpec } from '../field-spec.ts'
import { quoteName } from './postgresql-sql.ts'

/** What a person may add where the usual is not right. The client honours each of them, and none decides where it goes. */
const offered: readonly FieldSpec[] = [
  {
    id: 'connectSeconds',
    label: 'Connect timeout in seconds',
    hint: 'How long a sign-in may wait for the server: 1 to 9',
    kind: 'number',
    range: [1, 9],
    secret: false,
    required: false,
    offered: true,
    maximumLength: 1,
  },
  {
    id: 'statementSeconds',
    label: 'Statement timeout in seconds',
    hint: 'The server ends a statement that takes longer. Keyward ends it in any case when its own limit is reached',
    kind: 'number',
    range: [1, 86_400],
    secret: false,
    required: false,
    offered: true,
    maximumLength: 5,
  },
  {
    id: 'searchPath',
    label: 'Search path',
    hint: 'Schemas for tables that a query names without one, separated by commas: sales, public',
    kind: 'text',
    secret: false,
    required: false,
    offered: true,
    maximumLength: 500,
  },
  {
    id: 'applicationName',
    label: 'Application name',
    hint: 'Shown on the server behind "keyward" and the number of the run',
    kind: 'text',
    secret: false,
    required: false,
    offered: true,
    maximumLength: 18,
  },
]

/** PostgreSQL, as it is declared: what a connection needs, and where its secret would go. */
export const postgresql: Driver = {
  id: 'postgresql',
  label: 'PostgreSQL',
  summary: 'PostgreSQL 12 and later, and services that speak its protocol',
  defaultPort: 5432,
  credentialTypes: ['basic'],
  library: null,
  isVerified: true,
  parameters: [
    hostField,
    portField(5432),
    { id: 'database', label: 'Database', kind: 'text', secret: false, required: true, maximumLength: 128 },
    tlsField,
    caField,
    ...offered,
  ],
  destination,
  address,
  readOnlyStatements,
}

function destination(parameters: Parameters): Destination {
  return {
    driver: 'postgresql',
    host: (parameters.host ?? '').trim().toLowerCase(),
    port: Number(parameters.port ?? 5432),
    tls: tlsMode(parameters.tls),
    ca: parameters.ca?.trim() || null,
  }
}

function address(parameters: Parameters): string {
  const { host, port } = destination(parameters)
  const database = encodeURIComponent(parameters.database ?? '')
  return `postgresql://${host.includes(':') ? `[${host}]` : host}:${port}/${database}`
}

function readOnlyStatements(parameters: Parameters, username: string): string {
  const role = quoteName(readOnlyName(username))
  const database = quoteName(parameters.database ?? '')
  return [
    `CREATE ROLE ${role} LOGIN; -- then set its password in psql with \\password`,
    `GRANT CONNECT ON DATABASE ${database} TO ${role};`,
    '-- PostgreSQL 14 and later, every table:',
    `GRANT pg_read_all_data TO ${role};`,
    '-- or, also before that, the tables of one schema:',
    `GRANT USAGE ON SCHEMA public TO ${role};`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role};`,
  ].join('\n')
}

/** PostgreSQL cuts names after 63 bytes, which could make it the name of the account that can write. */
function readOnlyName(username: string): string {
  let kept = username.replaceAll('\0', '')
  while (Buffer.byteLength(kept) > 63 - readOnlySuffix.length) kept = [...kept].slice(0, -1).join('')
  return kept + readOnlySuffix
}

const readOnlySuffix = '_readonly'

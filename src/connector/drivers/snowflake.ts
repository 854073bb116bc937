import { caField, portField } from '../common-fields.ts'
import type { Destination, Driver, Parameters } from '../driver.ts'
import type { FieldSpec } from '../field-spec.ts'

/** Snowflake, as it is declared. It is always reached over verified TLS: there is no weaker mode to choose. */
export const snowflake: Driver = {
  id: 'snowflake',
  label: 'Snowflake',
  summary: 'Snowflake accounts, by key pair over the SQL API',
  defaultPort: 443,
  credentialTypes: ['snowflake_key_pair_user_account'],
  library: null,
  isVerified: false,
  parameters: [
    {
      id: 'account',
      label: 'Account',
      hint: 'The account identifier, such as myorg-account123 or xy12345.eu-central-1',
      kind: 'text',
      format: 'host',
      secret: false,
      required: true,
      maximumLength: 200,
    },
    named('warehouse', 'Warehouse', true),
    named('database', 'Database', true),
    named('schema', 'Schema', false),
    named('role', 'Role', false),
    {
      id: 'host',
      label: 'Host',
      hint: 'Only where the account is not reached as ACCOUNT.snowflakecomputing.com, as over a private link',
      kind: 'text',
      format: 'host',
      secret: false,
      required: false,
      advanced: true,
      maximumLength: 253,
    },
    { ...portField(443), advanced: true },
    caField,
  ],
  destination,
  address,
}

function named(id: string, label: string, required: boolean): FieldSpec {
  const hint = 'As Snowflake shows it, usually in capitals'
  return { id, label, hint, kind: 'text', secret: false, required, maximumLength: 255 }
}

/** Certificates are for names with hyphens, which Snowflake takes for the underscores of an account's name. */
function hostOf({ account = '', host = '' }: Parameters): string {
  const given = host.trim().toLowerCase()
  return given === '' ? `${account.trim().toLowerCase().replaceAll('_', '-')}.snowflakecomputing.com` : given
}

function destination(parameters: Parameters): Destination {
  return {
    driver: 'snowflake',
    host: hostOf(parameters),
    port: Number(parameters.port ?? 443),
    tls: 'verify-full',
    ca: parameters.ca?.trim() || null,
  }
}

function address(parameters: Parameters): string {
  const { host, port } = destination(parameters)
  const authority = `${host.includes(':') ? `[${host}]` : host}${port === 443 ? '' : `:${port}`}`
  return `snowflake://${authority}/${encodeURIComponent(parameters.database ?? '')}`
}

import { caField, hostField, portField, tlsField } from '../common-fields.ts'
import type { Destination, Driver, Parameters } from '../driver.ts'

/** One file on a web server, as it is declared. A password never goes there unencrypted: that is no choice here. */
export const httpsFile: Driver = {
  id: 'https-file',
  label: 'Files over HTTPS',
  summary: 'A CSV, JSON or Parquet file on a web server that asks for a password or a token',
  defaultPort: 443,
  credentialTypes: ['basic', 'bearer'],
  library: null,
  isVerified: true,
  parameters: [
    hostField,
    portField(443),
    {
      id: 'path',
      label: 'Path of the file',
      hint: 'What stands behind the host, such as /exports/orders.csv',
      kind: 'text',
      secret: false,
      required: true,
      maximumLength: 1_000,
    },
    {
      id: 'format',
      label: 'Format',
      kind: 'choice',
      secret: false,
      required: true,
      fallback: 'auto',
      maximumLength: 16,
      choices: [
        { value: 'auto', label: 'As its name, or the server, says' },
        { value: 'csv', label: 'CSV' },
        { value: 'tsv', label: 'Tab-separated (TSV)' },
        { value: 'json', label: 'JSON, or JSON lines' },
        { value: 'parquet', label: 'Parquet' },
      ],
    },
    { ...tlsField, choices: (tlsField.choices ?? []).filter(({ value }) => value !== 'disable') },
    caField,
  ],
  destination,
  address,
}

function destination(parameters: Parameters): Destination {
  return {
    driver: 'https-file',
    host: (parameters.host ?? '').trim().toLowerCase(),
    port: Number(parameters.port ?? 443),
    tls: parameters.tls === 'require' ? 'require' : 'verify-full',
    ca: parameters.ca?.trim() || null,
  }
}

function address(parameters: Parameters): string {
  const { host, port } = destination(parameters)
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}${pathOf(parameters)}`
}

/**
 * Returns the path of a connection as it is asked for: it begins with a slash, and what a web address cannot hold is
 * percent-encoded. It is kept as it is otherwise, a query with it; a host or a fragment cannot come out of it.
 */
export function pathOf({ path = '' }: Parameters): string {
  const bare = `/${path.replace(/^\/+/, '').replace(/#.*$/s, '')}`
  return bare.replace(/%(?![0-9a-f]{2})|[^\w\-./~!$&'()*+,;=:@%?]/giu, (one) => encodeURIComponent(one.toWellFormed()))
}

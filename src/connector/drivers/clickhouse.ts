import { caField, hostField, portField, tlsField, tlsMode } from '../common-fields.ts'
import type { Destination, Driver, Parameters } from '../driver.ts'

/** ClickHouse, as it is declared: what a connection needs, and where its secret would go. */
export const clickhouse: Driver = {
  id: 'clickhouse',
  label: 'ClickHouse',
  summary: 'ClickHouse and ClickHouse Cloud, by their HTTPS interface',
  defaultPort: 8443,
  credentialTypes: ['basic'],
  library: null,
  isVerified: true,
  parameters: [
    hostField,
    portField(8443),
    {
      id: 'database',
      label: 'Database',
      kind: 'text',
      secret: false,
      required: true,
      fallback: 'default',
      maximumLength: 128,
    },
    tlsField,
    caField,
  ],
  destination,
  address,
}

function destination(parameters: Parameters): Destination {
  return {
    driver: 'clickhouse',
    host: (parameters.host ?? '').trim().toLowerCase(),
    port: Number(parameters.port ?? 8443),
    tls: tlsMode(parameters.tls),
    ca: parameters.ca?.trim() || null,
  }
}

function address(parameters: Parameters): string {
  const { host, port } = destination(parameters)
  const database = encodeURIComponent(parameters.database ?? '')
  return `clickhouse://${host.includes(':') ? `[${host}]` : host}:${port}/${database}`
}

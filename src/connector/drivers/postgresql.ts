import { caField, hostField, portField, tlsField, tlsMode } from '../common-fields.ts'
import type { Destination, Driver, Parameters } from '../driver.ts'

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
  ],
  destination,
  address,
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

import { caField, hostField, portField, tlsField, tlsMode } from '../common-fields.ts'
import type { Destination, Driver, Parameters } from '../driver.ts'

/** SQL Server, as it is declared: what a connection needs, and where its secret would go. */
export const sqlserver: Driver = {
  id: 'sqlserver',
  label: 'SQL Server',
  summary: 'SQL Server 2016 and later, and Azure SQL',
  defaultPort: 1433,
  credentialTypes: ['basic'],
  library: 'tedious',
  isVerified: false,
  parameters: [
    hostField,
    portField(1433),
    {
      id: 'database',
      label: 'Database',
      kind: 'text',
      secret: false,
      required: true,
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
    driver: 'sqlserver',
    host: (parameters.host ?? '').trim().toLowerCase(),
    port: Number(parameters.port ?? 1433),
    tls: tlsMode(parameters.tls),
    ca: parameters.ca?.trim() || null,
  }
}

function address(parameters: Parameters): string {
  const { host, port } = destination(parameters)
  const database = encodeURIComponent(parameters.database ?? '')
  return `sqlserver://${host.includes(':') ? `[${host}]` : host}:${port}/${database}`
}

import type { Destination, Driver, Parameters, TlsMode } from '../driver.ts'

/** PostgreSQL, as it is declared: what a connection needs, and where its secret would go. */
export const postgresql: Driver = {
  id: 'postgresql',
  label: 'PostgreSQL',
  summary: 'PostgreSQL 12 and later, and services that speak its protocol',
  defaultPort: 5432,
  credentialTypes: ['basic'],
  parameters: [
    {
      id: 'host',
      label: 'Host',
      hint: 'A name such as db.example.com, or an IP address',
      kind: 'text',
      format: 'host',
      secret: false,
      required: true,
      maximumLength: 253,
    },
    {
      id: 'port',
      label: 'Port',
      kind: 'number',
      format: 'port',
      secret: false,
      required: true,
      fallback: '5432',
      maximumLength: 5,
    },
    { id: 'database', label: 'Database', kind: 'text', secret: false, required: true, maximumLength: 128 },
    {
      id: 'tls',
      label: 'Encryption',
      kind: 'choice',
      secret: false,
      required: true,
      fallback: 'verify-full',
      maximumLength: 16,
      choices: [
        { value: 'verify-full', label: 'TLS, and the server proves who it is' },
        {
          value: 'require',
          label: 'TLS, without proof of who the server is',
          warning: 'Someone between Keyward and the server could pose as the server and read everything.',
        },
        {
          value: 'disable',
          label: 'None',
          warning: 'Everyone between Keyward and the server can read and change everything.',
        },
      ],
    },
    {
      id: 'ca',
      label: 'Certificate authority',
      hint: 'A PEM certificate, where the server has one that is not publicly trusted',
      kind: 'multiline',
      format: 'pem',
      secret: false,
      required: false,
      advanced: true,
      maximumLength: 65_536,
    },
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

/** What is not one of the weaker modes by name is the strict one. */
function tlsMode(text: string | undefined): TlsMode {
  return text === 'require' || text === 'disable' ? text : 'verify-full'
}

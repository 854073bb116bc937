import type { TlsMode } from './driver.ts'
import type { FieldSpec } from './field-spec.ts'

// Parameters that most drivers have, so that they read the same everywhere.

export const hostField: FieldSpec = {
  id: 'host',
  label: 'Host',
  hint: 'A name such as db.example.com, or an IP address',
  kind: 'text',
  format: 'host',
  secret: false,
  required: true,
  maximumLength: 253,
}

/** Returns the field for the port of a server that usually listens on `usual`. */
export function portField(usual: number): FieldSpec {
  return {
    id: 'port',
    label: 'Port',
    kind: 'number',
    format: 'port',
    secret: false,
    required: true,
    fallback: String(usual),
    maximumLength: 5,
  }
}

export const tlsField: FieldSpec = {
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
}

export const caField: FieldSpec = {
  id: 'ca',
  label: 'Certificate authority',
  hint: 'A PEM certificate, where the server has one that is not publicly trusted',
  kind: 'multiline',
  format: 'pem',
  secret: false,
  required: false,
  advanced: true,
  maximumLength: 65_536,
}

/** Reads the field *Encryption*. What is not one of the weaker modes by name is the strict one. */
export function tlsMode(text: string | undefined): TlsMode {
  return text === 'require' || text === 'disable' ? text : 'verify-full'
}

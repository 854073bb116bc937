import type { CredentialType } from '../credential-type.ts'

/** The key of a Google Cloud service account, kept as its exact text. */
export const gcp: CredentialType = {
  id: 'gcp',
  label: 'Google Cloud service account',
  summary: 'The JSON key file of a service account',
  usernameField: null,
  fields: [
    {
      id: 'gcpKey',
      label: 'Service account key',
      hint: 'The whole JSON file that Google Cloud gave you, from { to }',
      kind: 'multiline',
      secret: true,
      required: true,
      maximumLength: 49_152,
    },
  ],
  check(text) {
    const error = problemOf(text('gcpKey') ?? '')
    return error === undefined ? {} : { gcpKey: error }
  },
}

/** What a key must have to be one; what else is in it is kept as it is. */
const needed = ['type', 'project_id', 'private_key', 'client_email'] as const

function problemOf(text: string): string | undefined {
  const key = parse(text)
  if (key === undefined) return 'This is not JSON. Paste or choose the whole key file, from "{" to "}".'
  const missing = needed.filter((name) => !isFilled(key, name))
  if (missing.length > 0) return `This key has no ${missing.join(', ')}. Use the key file of a service account.`
  if (key.type === 'service_account') return undefined
  return 'This key is not of a service account. Make a key for one under "IAM & Admin", and use that.'
}

/** Some editors put a byte order mark at the start of a file. */
function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function isFilled(key: Record<string, unknown>, name: string): boolean {
  const value = Object.hasOwn(key, name) ? key[name] : undefined
  return typeof value === 'string' && value.trim() !== ''
}

import type { CredentialType } from '../credential-type.ts'
import { endOfToken } from './token-end.ts'

/** A token of some API, sent as that API wants it. */
export const apiToken: CredentialType = {
  id: 'api_token',
  label: 'API token',
  summary: 'One token or key of an API',
  usernameField: null,
  fields: [{ id: 'apiToken', label: 'API token', kind: 'text', secret: true, required: true, maximumLength: 16_384 }],
  endsAt: (text) => endOfToken(text('apiToken') ?? ''),
}

import type { CredentialType } from '../credential-type.ts'

/** Tokens of an OAuth sign-in. */
export const oauth: CredentialType = {
  id: 'oauth',
  label: 'OAuth tokens',
  summary: 'An access token, with the refresh token that renews it',
  usernameField: null,
  fields: [
    { id: 'token', label: 'Access token', kind: 'text', secret: true, required: true, maximumLength: 16_384 },
    { id: 'refreshToken', label: 'Refresh token', kind: 'text', secret: true, required: false, maximumLength: 16_384 },
  ],
}

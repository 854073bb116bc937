import type { CredentialType } from '../credential-type.ts'
import { clientIdField, clientSecretField, problemOfScopes, scopesField } from './oauth-fields.ts'

/** An OAuth application that signs users in to Snowflake. */
export const snowflakeOauth: CredentialType = {
  id: 'snowflake_oauth_user_account',
  label: 'Snowflake OAuth',
  summary: 'Client id and client secret of an OAuth application for a Snowflake account',
  usernameField: 'clientId',
  fields: [
    clientIdField,
    clientSecretField,
    {
      id: 'snowflakeAccountName',
      label: 'Snowflake account',
      hint: 'Such as myorg-account123',
      kind: 'text',
      secret: false,
      required: true,
      maximumLength: 255,
    },
    {
      id: 'oauthIssuerType',
      label: 'Issuer',
      hint: 'Who issues the tokens, where that is not Snowflake itself: azure or okta',
      kind: 'text',
      secret: false,
      required: false,
      maximumLength: 64,
    },
    {
      id: 'oauthIssuerUrl',
      label: 'Issuer address',
      hint: 'Starts with https://',
      kind: 'text',
      secret: false,
      required: false,
      maximumLength: 2_000,
    },
    scopesField,
  ],
  check(text) {
    const errors: Record<string, string> = {}
    const [scopes, url] = [problemOfScopes(text('oauthScopes')), problemOfUrl(text('oauthIssuerUrl'))]
    if (scopes !== undefined) errors.oauthScopes = scopes
    if (url !== undefined) errors.oauthIssuerUrl = url
    if (!/^[\w.-]+$/.test(text('snowflakeAccountName') ?? '')) {
      errors.snowflakeAccountName = 'That is not an account. Enter its identifier alone, such as myorg-account123.'
    }
    return errors
  },
}

function problemOfUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return undefined
  return 'That is not an address. Enter one that starts with https://, without a username or password in it.'
}

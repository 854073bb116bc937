import type { FieldSpec } from '../../connector/field-spec.ts'

// What types that sign in as an application share, so that they read the same everywhere.

export const clientIdField: FieldSpec = {
  id: 'clientId',
  label: 'Client id',
  kind: 'text',
  secret: false,
  required: true,
  maximumLength: 256,
}

export const clientSecretField: FieldSpec = {
  id: 'clientSecret',
  label: 'Client secret',
  kind: 'text',
  secret: true,
  required: true,
  maximumLength: 4_096,
}

export const scopesField: FieldSpec = {
  id: 'oauthScopes',
  label: 'OAuth scopes',
  hint: 'Separated by spaces',
  kind: 'text',
  secret: false,
  required: false,
  maximumLength: 2_000,
}

/** Returns the sentence about scopes that are none, by the grammar of RFC 6749, §3.3. */
export function problemOfScopes(text: string | undefined): string | undefined {
  if (text === undefined || /^[\x21\x23-\x5b\x5d-\x7e]+(?: +[\x21\x23-\x5b\x5d-\x7e]+)*$/.test(text)) return undefined
  return 'A scope has no quotes, backslashes or letters outside ASCII. Separate scopes by spaces.'
}

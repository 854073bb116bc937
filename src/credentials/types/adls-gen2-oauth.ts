import type { CredentialType } from '../credential-type.ts'
import { clientIdField, clientSecretField, problemOfScopes, scopesField } from './oauth-fields.ts'

/** An OAuth application that may read Azure Data Lake Storage Gen2. */
export const adlsGen2Oauth: CredentialType = {
  id: 'adls_gen2_oauth',
  label: 'Azure Data Lake Storage OAuth',
  summary: 'Client id, client secret and scopes of an application for ADLS Gen2',
  usernameField: 'clientId',
  fields: [clientIdField, clientSecretField, { ...scopesField, required: true }],
  check(text) {
    const error = problemOfScopes(text('oauthScopes'))
    return error === undefined ? {} : { oauthScopes: error }
  },
}

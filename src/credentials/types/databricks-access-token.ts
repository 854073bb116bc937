import type { CredentialType } from '../credential-type.ts'

/** A personal access token of Databricks. */
export const databricksAccessToken: CredentialType = {
  id: 'databricks_access_token_account',
  label: 'Databricks access token',
  summary: 'A personal access token of a Databricks workspace',
  usernameField: null,
  fields: [
    {
      id: 'databricksAccessToken',
      label: 'Access token',
      hint: 'Starts with dapi',
      kind: 'text',
      secret: true,
      required: true,
      maximumLength: 4_096,
    },
  ],
}

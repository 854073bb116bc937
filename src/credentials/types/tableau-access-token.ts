import type { CredentialType } from '../credential-type.ts'

/** A personal access token of Tableau, which has a name. */
export const tableauAccessToken: CredentialType = {
  id: 'tableau_access_token',
  label: 'Tableau access token',
  summary: 'A personal access token of Tableau, with its name',
  usernameField: 'tokenName',
  fields: [
    { id: 'tokenName', label: 'Token name', kind: 'text', secret: false, required: true, maximumLength: 256 },
    {
      id: 'personalAccessToken',
      label: 'Personal access token',
      kind: 'text',
      secret: true,
      required: true,
      maximumLength: 4_096,
    },
  ],
}

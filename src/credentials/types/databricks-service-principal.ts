import type { CredentialType } from '../credential-type.ts'
import { clientIdField, clientSecretField } from './oauth-fields.ts'

/** A service principal of Databricks, which signs in as an application. */
export const databricksServicePrincipal: CredentialType = {
  id: 'databricks_service_principal_account',
  label: 'Databricks service principal',
  summary: 'Client id and OAuth secret of a service principal',
  usernameField: 'clientId',
  fields: [clientIdField, clientSecretField],
}

import type { CredentialType } from '../credential-type.ts'
import { clientIdField, clientSecretField } from './oauth-fields.ts'

/** An application of Microsoft Entra ID that signs in with a secret. */
export const azureServicePrincipal: CredentialType = {
  id: 'azure_service_principal',
  label: 'Azure service principal',
  summary: 'Client id, client secret and tenant of an application in Microsoft Entra ID',
  usernameField: 'clientId',
  fields: [
    clientIdField,
    clientSecretField,
    {
      id: 'azureTenantId',
      label: 'Tenant id',
      hint: 'Directory id, such as 72f988bf-86f1-41af-91ab-2d7cd011db47, or a domain of it',
      kind: 'text',
      secret: false,
      required: true,
      maximumLength: 256,
    },
  ],
  check(text) {
    const tenant = text('azureTenantId') ?? ''
    if (/^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i.test(tenant)) return {}
    return { azureTenantId: 'That is not a tenant id. Enter the directory id, or a domain such as example.com.' }
  },
}

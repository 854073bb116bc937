import type { CredentialType } from '../credential-type.ts'
import { adlsGen2Oauth } from './adls-gen2-oauth.ts'
import { apiToken } from './api-token.ts'
import { azure } from './azure.ts'
import { azureServicePrincipal } from './azure-service-principal.ts'
import { basic } from './basic.ts'
import { bearer } from './bearer.ts'
import { databricksAccessToken } from './databricks-access-token.ts'
import { databricksServicePrincipal } from './databricks-service-principal.ts'
import { gcp } from './gcp.ts'
import { oauth } from './oauth.ts'
import { s3 } from './s3.ts'
import { snowflakeKeyPair } from './snowflake-key-pair.ts'
import { snowflakeOauth } from './snowflake-oauth.ts'
import { tableauAccessToken } from './tableau-access-token.ts'

/** Every credential type, in the order in which they are offered. */
export const credentialTypes: readonly CredentialType[] = [
  basic,
  s3,
  snowflakeKeyPair,
  snowflakeOauth,
  bearer,
  apiToken,
  oauth,
  gcp,
  azure,
  azureServicePrincipal,
  adlsGen2Oauth,
  databricksAccessToken,
  databricksServicePrincipal,
  tableauAccessToken,
]

/** Returns the type with this id, or undefined. */
export function credentialType(id: string): CredentialType | undefined {
  return credentialTypes.find((type) => type.id === id)
}

import { describe, expect, it } from 'vitest'
import { serviceAccountKey } from '../../testing/keys.ts'
import { parseNewFields } from '../credential-type.ts'
import { credentialType, credentialTypes } from './registry.ts'

/** The sentences that a type has about these values, by field id. */
function errorsOf(id: string, values: Record<string, string>): Readonly<Record<string, string>> {
  const type = credentialType(id)
  if (type === undefined) throw new Error(`There is no type ${id}.`)
  const parsed = parseNewFields(type, { text: (field) => values[field], cleared: () => false })
  return parsed.ok ? {} : parsed.errors
}

it('every type of the API is there, with its field ids', () => {
  const fields = credentialTypes.map((type) => [type.id, type.fields.map((field) => field.id).join(' ')])
  expect(Object.fromEntries(fields)).toEqual({
    basic: 'username password',
    s3: 'awsAccessKeyId awsSecretAccessKey awsSessionToken',
    gcp: 'gcpKey',
    azure: 'azureConnectionString',
    azure_service_principal: 'clientId clientSecret azureTenantId',
    adls_gen2_oauth: 'clientId clientSecret oauthScopes',
    oauth: 'token refreshToken',
    snowflake_oauth_user_account:
      'clientId clientSecret snowflakeAccountName oauthIssuerType oauthIssuerUrl oauthScopes',
    snowflake_key_pair_user_account: 'user privateKeyStr passphrase',
    databricks_access_token_account: 'databricksAccessToken',
    databricks_service_principal_account: 'clientId clientSecret',
    tableau_access_token: 'tokenName personalAccessToken',
    api_token: 'apiToken',
    bearer: 'token',
  })
})

describe('a service account key', () => {
  it('is kept to the letter, white space around it and a byte order mark included', () => {
    for (const gcpKey of [serviceAccountKey(), `\ufeff${serviceAccountKey()}`, `\r\n ${serviceAccountKey()}\t`]) {
      const type = credentialType('gcp')
      const parsed = type && parseNewFields(type, { text: () => gcpKey, cleared: () => false })
      expect(parsed?.ok && parsed.fields.gcpKey?.expose().toString('utf8')).toBe(gcpKey)
    }
  })

  it.each([
    ['half of a file', serviceAccountKey().slice(0, 200), 'not JSON'],
    ['a list', '[]', 'has no type, project_id, private_key, client_email'],
    ['a key without its private part', serviceAccountKey({ private_key: ' ' }), 'has no private_key'],
    ['the key of a person', serviceAccountKey({ type: 'authorized_user' }), 'not of a service account'],
    ['a number', '42', 'not JSON'],
  ])('that is %s is refused with a sentence', (_what, gcpKey, words) => {
    expect(errorsOf('gcp', { gcpKey }).gcpKey).toContain(words)
  })
})

describe('values that cannot work', () => {
  const app = { clientId: 'app', clientSecret: 'secret-of-the-app' }
  it.each([
    ['azure', { azureConnectionString: 'hunter2' }, 'azureConnectionString'],
    ['azure', { azureConnectionString: 'AccountName=a;EndpointSuffix=core.windows.net' }, 'azureConnectionString'],
    ['azure_service_principal', { ...app, azureTenantId: 'https://login' }, 'azureTenantId'],
    ['adls_gen2_oauth', { ...app, oauthScopes: 'a "b"' }, 'oauthScopes'],
    ['bearer', { token: 'a b' }, 'token'],
    ['bearer', { token: 'a\r\nHost: elsewhere' }, 'token'],
    ['snowflake_oauth_user_account', { ...app, snowflakeAccountName: 'a/b' }, 'snowflakeAccountName'],
    [
      'snowflake_oauth_user_account',
      { ...app, snowflakeAccountName: 'a', oauthIssuerUrl: 'http://x' },
      'oauthIssuerUrl',
    ],
    ['snowflake_oauth_user_account', { ...app, snowflakeAccountName: 'a', oauthScopes: 'ä' }, 'oauthScopes'],
  ])('of %s, %j, are refused at the field', (id, values, field) => {
    expect(Object.keys(errorsOf(id, values))).toEqual([field])
  })

  it('are not confused with those that do', () => {
    const key = 'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=YWJj==;EndpointSuffix=core.windows.net'
    expect(errorsOf('azure', { azureConnectionString: key })).toEqual({})
    expect(
      errorsOf('azure', { azureConnectionString: 'BlobEndpoint=https://x;SharedAccessSignature=sv=1&sig=x' }),
    ).toEqual({})
    expect(errorsOf('adls_gen2_oauth', { ...app, oauthScopes: 'https://storage.azure.com/.default openid' })).toEqual(
      {},
    )
  })
})

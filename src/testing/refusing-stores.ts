import type { Driver, Job, Limits } from '../connector/driver.ts'
import type { Certificate, Certificates } from './certificates.ts'
import { fileJob } from './file-jobs.ts'
import { makeKeyPair } from './keys.ts'
import { startSnowflake } from './recorded-snowflake.ts'
import { startClickHouseRogue } from './rogue-clickhouse.ts'
import { answer, startRogueHttp } from './rogue-http.ts'
import { startRogueMysql } from './rogue-mysql.ts'
import { startRogue } from './rogue-postgres.ts'
import { startTdsRogue } from './rogue-tds.ts'

/** A server that lets nobody in. */
export type RefusingStore = { readonly port: number; close(): Promise<void> }

const mysql = (certificate: Certificate) => startRogueMysql('refuses the password', certificate)
const refusal = '<?xml version="1.0"?><Error><Code>SignatureDoesNotMatch</Code><Message>No</Message></Error>'

const stores: Readonly<Record<string, (certificate: Certificate) => Promise<RefusingStore>>> = {
  postgresql: (certificate) => startRogue('refuses the password', certificate),
  mysql,
  mariadb: mysql,
  sqlserver: (certificate) => startTdsRogue('refuses the password', certificate),
  snowflake: (certificate) =>
    startSnowflake(certificate, { account: 'SHOP', name: 'READER', publicKey: makeKeyPair().publicKey }),
  clickhouse: (certificate) => startClickHouseRogue('refuses the password', certificate),
  s3: (certificate) => startRogueHttp('answers with', answer('403 Forbidden', refusal), certificate),
  'https-file': (certificate) => startRogueHttp('answers with', answer('401 Unauthorized'), certificate),
}

/** Starts one of this driver's kind. Throws where there is none: whoever adds a driver adds one here. */
export function startRefusing({ id }: Driver, certificate: Certificate): Promise<RefusingStore> {
  const start = stores[id]
  if (start === undefined) throw new Error(`There is no server that refuses everybody for the driver ${id}.`)
  return start(certificate)
}

const accounts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  basic: { username: 'reader', password: 'hunter2-and-a-half' },
  s3: { awsAccessKeyId: 'AKIAREADER', awsSecretAccessKey: 'hunter2-and-a-half' },
  snowflake_key_pair_user_account: { user: 'reader', privateKeyStr: makeKeyPair().privateKey },
}

/** Every text of which nothing may be seen, whatever the driver: the password, and the lines of a key. */
export const accountSecrets: readonly string[] = Object.values(accounts)
  .flatMap((fields) => Object.values(fields))
  .flatMap((text) => text.split('\n'))
  .filter((line) => line.length > 10 && !line.startsWith('---'))

/** Where a sign-in of any driver goes: verified where there is TLS, as people get it who choose nothing. */
export type Whither = {
  readonly host?: string
  readonly port: number
  readonly certificates?: Certificates | undefined
  readonly limits?: Partial<Limits>
}

/** Returns a sign-in by any driver, with parameters and an account that could be somebody's. */
export function exampleSignIn(
  driver: Driver,
  { host = 'localhost', port, certificates, limits }: Whither,
): Job<'signIn'> {
  const [type = ''] = driver.credentialTypes
  const fields = accounts[type]
  if (fields === undefined)
    throw new Error(`There is no account of the type ${type} to try the driver ${driver.id} with.`)
  const required = driver.parameters.filter(({ required }) => required)
  const parameters = {
    ...Object.fromEntries(required.map(({ id, fallback }) => [id, fallback ?? 'shop'])),
    ...{ host, port: String(port), ca: certificates?.authority ?? '' },
  }
  return fileJob(driver.id, 'signIn', {}, { parameters, type, fields, ...(limits === undefined ? {} : { limits }) })
}

import { readClickhouse } from './clickhouse.ts'
import { readHttpsFile } from './https-file.ts'
import { readMysql } from './mysql.ts'
import { readPostgresql } from './postgresql.ts'
import { AddressRefused, type Reading } from './reading.ts'
import { isAmazonS3, readS3, readS3Endpoint } from './s3.ts'
import { readSnowflake } from './snowflake.ts'
import { readSqlServerProperties, readSqlServerUrl } from './sqlserver.ts'

/** Reads what stands behind a scheme. `chosen` is the store the person is adding: a web address may be several things. */
type Read = (rest: string, scheme: string, chosen: string) => Reading

const postgresql: Read = (rest) => readPostgresql(rest)
const redshift: Read = (rest) => {
  if (rest.startsWith('iam:')) {
    throw new AddressRefused(
      'Signing in through IAM is not supported. Paste an address that starts with jdbc:redshift://.',
    )
  }
  return readPostgresql(rest, '5439')
}
const cockroach: Read = (rest) => readPostgresql(rest, '26257')
const mysql: Read = (rest) => readMysql('mysql', rest)
const mariadb: Read = (rest) => readMysql('mariadb', rest)
const clickhouse: Read = (rest, scheme) => readClickhouse(scheme, rest)
const sqlServerUrl: Read = (rest, scheme) => readSqlServerUrl(scheme, rest)
const snowflake: Read = (rest) => readSnowflake(rest)
const s3: Read = (rest) => readS3(rest)
const web: Read = (rest, scheme, chosen) => {
  if (chosen === 'clickhouse') return readClickhouse(scheme, rest)
  return chosen === 's3' || isAmazonS3(rest) ? readS3Endpoint(scheme, rest) : readHttpsFile(scheme, rest)
}

/** How the addresses of each scheme are read. Behind `jdbc:` are the names that JDBC knows. */
export const schemes: ReadonlyMap<string, Read> = new Map([
  ['jdbc:postgresql', postgresql],
  ['postgresql', postgresql],
  ['postgres', postgresql],
  ['jdbc:redshift', redshift],
  ['redshift', redshift],
  ['jdbc:cockroach', cockroach],
  ['jdbc:cockroachdb', cockroach],
  ['cockroachdb', cockroach],
  ['jdbc:mysql', mysql],
  ['mysql', mysql],
  ['jdbc:mariadb', mariadb],
  ['mariadb', mariadb],
  ['jdbc:sqlserver', (rest) => readSqlServerProperties(rest)],
  ['sqlserver', sqlServerUrl],
  ['mssql', sqlServerUrl],
  ['jdbc:clickhouse', clickhouse],
  ['jdbc:ch', clickhouse],
  ['clickhouse', clickhouse],
  ['clickhouses', clickhouse],
  ['jdbc:snowflake', snowflake],
  ['snowflake', snowflake],
  ['s3', s3],
  ['s3a', s3],
  ['s3n', s3],
  ['https', web],
  ['http', web],
])

/** What the stores are called that Keyward may have a driver for, by its id. */
export const storeNames: Readonly<Record<string, string>> = {
  postgresql: 'PostgreSQL',
  mysql: 'MySQL',
  mariadb: 'MariaDB',
  sqlserver: 'SQL Server',
  clickhouse: 'ClickHouse',
  s3: 'S3',
  'https-file': 'files over HTTPS',
  snowflake: 'Snowflake',
}

/** An address to paste, for each store, as the form shows it. */
export const exampleAddresses: Readonly<Record<string, string>> = {
  postgresql: 'postgresql://db.example.com:5432/sales or jdbc:postgresql://db.example.com/sales',
  mysql: 'mysql://db.example.com:3306/sales or jdbc:mysql://db.example.com/sales',
  mariadb: 'mariadb://db.example.com:3306/sales or jdbc:mariadb://db.example.com/sales',
  sqlserver: 'jdbc:sqlserver://db.example.com:1433;databaseName=sales or mssql://db.example.com/sales',
  clickhouse: 'jdbc:clickhouse://db.example.com:8443/sales?ssl=true or https://db.example.com:8443/sales',
  s3: 's3://bucket/prefix or https://s3.eu-central-1.amazonaws.com/bucket/prefix',
  'https-file': 'https://files.example.com/exports/sales.csv',
  snowflake: 'jdbc:snowflake://account.snowflakecomputing.com/?db=SALES&warehouse=REPORTS',
}

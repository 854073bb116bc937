import { AddressRefused, filled, optionOf, type Reading, readAuthority, without } from './reading.ts'

const read = ['user', 'password', 'account', 'warehouse', 'db', 'database', 'schema', 'role']

/** Reads `jdbc:snowflake://account.snowflakecomputing.com/?…` and `snowflake://user:password@account/database/schema?…`. */
export function readSnowflake(text: string): Reading {
  const { host, path, username, password, options } = readAuthority(text)
  const account = host.replace(/\.snowflakecomputing\.(?:com|cn)$/i, '') || optionOf(options, 'account')
  if (account === '')
    throw new AddressRefused('That address names no account. Write it as snowflake://account/database/schema.')
  const [database = '', schema = ''] = path.split('/')
  return {
    driver: 'snowflake',
    parameters: filled({
      account,
      warehouse: optionOf(options, 'warehouse'),
      database: database || optionOf(options, 'db', 'database'),
      schema: schema || optionOf(options, 'schema'),
      role: optionOf(options, 'role'),
    }),
    username: username || optionOf(options, 'user'),
    password: password || optionOf(options, 'password'),
    rest: without(options, ...read),
  }
}

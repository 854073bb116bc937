import {
  AddressRefused,
  filled,
  type Options,
  optionOf,
  type Reading,
  readAuthority,
  readHost,
  unreadable,
  without,
} from './reading.ts'

const read = [
  ...['user', 'username', 'user id', 'uid', 'password', 'pwd', 'database', 'databasename', 'initial catalog'],
  ...['servername', 'portnumber', 'port', 'instancename', 'encrypt', 'trustservercertificate'],
]

const instance =
  'That address names an instance, which would be looked up elsewhere. Paste it with the port of the instance instead, as in host:1433.'

/** Reads `jdbc:sqlserver://host:port;name=value;…`, where a value in braces may hold anything. */
export function readSqlServerProperties(text: string): Reading {
  const [, where = '', properties = ''] = /^\/\/([^;]*)(.*)$/su.exec(text) ?? unreadable()
  if (where.includes('\\')) throw new AddressRefused(instance)
  if (where.includes('@')) {
    throw new AddressRefused(
      'That address has an "@" before its host. Write user and password as properties: ;user=…;password=…',
    )
  }
  const options = readProperties(properties)
  const { host, port } = readHost(where.replace(/\/$/, ''))
  return fromOptions({ host, port, database: '', username: '', password: '' }, options)
}

/** Reads `sqlserver://user:password@host:port?database=…` and `mssql://…/database`. */
export function readSqlServerUrl(scheme: string, text: string): Reading {
  if (/^\/\/[^/?#@]*\\/.test(text)) throw new AddressRefused(instance)
  const { path, options, ...authority } = readAuthority(text)
  if (scheme === 'sqlserver' && path !== '') throw new AddressRefused(instance)
  return fromOptions({ ...authority, database: path }, options)
}

type Direct = Readonly<Record<'host' | 'port' | 'database' | 'username' | 'password', string>>

function fromOptions(direct: Direct, options: Options): Reading {
  if (optionOf(options, 'instancename') !== '') throw new AddressRefused(instance)
  const named = readHost(optionOf(options, 'servername'))
  return {
    driver: 'sqlserver',
    parameters: filled({
      host: direct.host || named.host || 'localhost',
      port: direct.port || optionOf(options, 'portnumber', 'port').replace(/\D.*$/s, ''),
      database: direct.database || optionOf(options, 'databasename', 'database', 'initial catalog'),
      tls: tlsOf(options),
    }),
    username: direct.username || optionOf(options, 'user', 'username', 'user id', 'uid'),
    password: direct.password || optionOf(options, 'password', 'pwd'),
    rest: without(options, ...read),
  }
}

/** `encrypt=false` and `optional` ask for none; whatever else asks for encryption, and only the trusting kind weakens it. */
function tlsOf(options: Options): string | undefined {
  const encrypt = optionOf(options, 'encrypt').toLowerCase()
  if (['false', 'no', 'optional', 'disable'].includes(encrypt)) return 'disable'
  const trusts = ['true', 'yes'].includes(optionOf(options, 'trustservercertificate').toLowerCase())
  if (trusts && encrypt !== 'strict') return 'require'
  return encrypt === '' ? undefined : 'verify-full'
}

/** A closing brace in a value in braces is written twice. */
function readProperties(text: string): Options {
  const pattern = /;\s*([^=;{}]*)=(?:\{((?:[^}]|\}\})*)\}|([^;]*))/gsu
  return new Map(
    [...text.matchAll(pattern)].map(([, name = '', braced, plain = '']) => [
      name.trim().toLowerCase(),
      braced?.replaceAll('}}', '}') ?? plain.trim(),
    ]),
  )
}

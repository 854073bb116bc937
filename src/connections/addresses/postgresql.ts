import {
  type Authority,
  filled,
  optionOf,
  type Reading,
  readAuthority,
  readHost,
  refuseSockets,
  without,
} from './reading.ts'

/** libpq's weaker modes fall back to no encryption; the nearest that never does is `require`. */
const tlsBySslMode: Readonly<Record<string, string>> = {
  disable: 'disable',
  allow: 'require',
  prefer: 'require',
  require: 'require',
  'verify-ca': 'verify-full',
  'verify-full': 'verify-full',
}

const read = ['user', 'password', 'host', 'port', 'dbname', 'sslmode', 'ssl', 'connect_timeout', 'connecttimeout']

/** Reads `postgresql://` and `jdbc:postgresql://`, and those of the services that speak PostgreSQL's protocol. */
export function readPostgresql(text: string, usualPort = ''): Reading {
  const { options, ...authority } = readAuthority(withHost(text))
  const { host, port } = hostOf({ options, ...authority })
  return {
    driver: 'postgresql',
    parameters: filled({
      host,
      port: port || usualPort,
      database: authority.path || optionOf(options, 'dbname'),
      tls: tlsOf(optionOf(options, 'sslmode'), optionOf(options, 'ssl')),
      connectSeconds: seconds(optionOf(options, 'connect_timeout', 'connecttimeout')),
      searchPath: optionOf(options, 'currentschema'),
    }),
    username: authority.username || optionOf(options, 'user'),
    password: authority.password || optionOf(options, 'password'),
    rest: without(options, 'currentschema', ...read),
  }
}

/** `jdbc:postgresql:sales` and `jdbc:postgresql:/` mean localhost; saying so beats guessing. */
function withHost(text: string): string {
  return text.startsWith('//') ? text : `//localhost/${text.replace(/^\/+/, '')}`
}

/** libpq also takes the host as an option, where it may be the folder of a socket. */
function hostOf({ host, port, options }: Authority): { readonly host: string; readonly port: string } {
  const option = optionOf(options, 'host')
  refuseSockets(option.startsWith('/') ? option : '')
  if (host !== '' || option === '') return { host: host || 'localhost', port: port || optionOf(options, 'port') }
  return { host: readHost(option).host, port: port || optionOf(options, 'port') }
}

function tlsOf(mode: string, ssl: string): string | undefined {
  if (mode !== '') return tlsBySslMode[mode.toLowerCase()]
  return ssl === 'true' ? 'verify-full' : undefined
}

/** Only what the field takes: anything else is better left to its default than shown as a mistake of the reader's. */
function seconds(text: string): string {
  return /^\d{1,2}$/.test(text) && Number(text) > 0 && Number(text) < 10 ? text : ''
}

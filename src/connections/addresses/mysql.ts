import {
  AddressRefused,
  filled,
  type Options,
  optionOf,
  type Reading,
  readAuthority,
  refuseSockets,
  without,
} from './reading.ts'

/** The modes of Connector/J, of MariaDB's connector and of the command line; `preferred` falls back, `require` does not. */
const tlsByMode: Readonly<Record<string, string>> = {
  disable: 'disable',
  disabled: 'disable',
  prefer: 'require',
  preferred: 'require',
  require: 'require',
  required: 'require',
  trust: 'require',
  'verify-ca': 'verify-full',
  'verify-full': 'verify-full',
  'verify-identity': 'verify-full',
}

const read = ['user', 'username', 'password', 'sslmode', 'ssl-mode', 'ssl', 'usessl', 'verifyservercertificate']
const sockets = ['socket', 'localsocket', 'unix_socket', 'pipe']

/** Reads `mysql://`, `mariadb://` and the same behind `jdbc:`. */
export function readMysql(driver: 'mysql' | 'mariadb', text: string): Reading {
  if (/^(?:aurora|failover|loadbalance|replication|sequential|load-balance)/i.test(text)) {
    throw new AddressRefused('That address is for several hosts. Add one connection for each of them.')
  }
  const { host, port, path, username, password, options } = readAuthority(text)
  refuseSockets(optionOf(options, ...sockets))
  return {
    driver,
    parameters: filled({ host: host || 'localhost', port, database: path, tls: tlsOf(options) }),
    username: username || optionOf(options, 'user', 'username'),
    password: password || optionOf(options, 'password'),
    rest: without(options, ...read),
  }
}

function tlsOf(options: Options): string | undefined {
  const mode = optionOf(options, 'sslmode', 'ssl-mode').toLowerCase().replaceAll('_', '-')
  if (mode !== '') return tlsByMode[mode]
  const wanted = optionOf(options, 'usessl', 'ssl').toLowerCase()
  if (wanted === 'false') return 'disable'
  if (wanted !== 'true') return undefined
  return optionOf(options, 'verifyservercertificate').toLowerCase() === 'false' ? 'require' : 'verify-full'
}

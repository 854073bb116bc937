import { filled, type Options, optionOf, type Reading, readAuthority, without } from './reading.ts'

const read = ['user', 'username', 'password', 'database', 'ssl', 'secure', 'sslmode']

/** Reads `clickhouse://`, the same behind `jdbc:`, and the `http(s)://` address of a ClickHouse. */
export function readClickhouse(scheme: string, text: string): Reading {
  // JDBC may name the protocol between its own name and the host.
  const [, inner = '', rest = ''] = /^(?:(https?|grpc|tcp):)?(.*)$/su.exec(text) ?? []
  const { host, port, path, username, password, options } = readAuthority(rest)
  return {
    driver: 'clickhouse',
    parameters: filled({
      host: host || 'localhost',
      port,
      database: path || optionOf(options, 'database'),
      tls: tlsOf(inner || scheme, options),
    }),
    username: username || optionOf(options, 'user', 'username'),
    password: password || optionOf(options, 'password'),
    rest: without(options, ...read),
  }
}

function tlsOf(scheme: string, options: Options): string | undefined {
  if (scheme === 'http') return 'disable'
  const wants = ['true', '1'].includes(optionOf(options, 'ssl', 'secure').toLowerCase())
  if (!wants && scheme !== 'https' && scheme !== 'clickhouses') return undefined
  return optionOf(options, 'sslmode').toLowerCase() === 'none' ? 'require' : 'verify-full'
}

import { filled, type Reading, readAuthority } from './reading.ts'

/** Reads the `http(s)://` address of a file. What stands behind its "?" may be a signature or a token, and is dropped. */
export function readHttpsFile(scheme: string, text: string): Reading {
  const { host, port, path, username, password, options } = readAuthority(text)
  return {
    driver: 'https-file',
    parameters: filled({ host, port, path: `/${path}`, tls: scheme === 'http' ? 'disable' : 'verify-full' }),
    username,
    password,
    rest: options,
  }
}

/** What a pasted address says, in the clear: it stays inside this room until `parseStoreUrl` has sealed the password. */
export type Reading = {
  readonly driver: string
  readonly parameters: Readonly<Record<string, string>>
  readonly username: string
  readonly password: string
  /** Options nobody here has read, by their names in lower case. */
  readonly rest: Options
  /** True where something that opens the store was taken out that is not a username and a password. */
  readonly dropped?: boolean
}

/** Options of an address, by their names in lower case. */
export type Options = ReadonlyMap<string, string>

/** Thrown for an address that cannot be used. Its message says why and what to do, and holds nothing of the address. */
export class AddressRefused extends Error {}

/** What stands around the path of an address, each part decoded and '' where it is missing. */
export type Authority = {
  readonly host: string
  readonly port: string
  /** Without the slash it begins with. */
  readonly path: string
  readonly username: string
  readonly password: string
  readonly options: Options
}

/**
 * Takes `//user:password@host:port/path?options` apart. Several hosts, sockets, and whatever may be a password with one
 * of the characters that end it are refused, because a part of it would otherwise be read, and shown, as something else.
 */
export function readAuthority(rest: string): Authority {
  if (/[\p{Cc}\\]/u.test(rest)) throw new AddressRefused(oddCharacter)
  const [, authority = '', path = '', query = ''] = /^\/\/([^/?#]*)([^?#]*)\??([^#]*)/u.exec(rest) ?? unreadable()
  if (hasStrayAt(rest.slice(2 + authority.length))) throw new AddressRefused(strayAt)
  const at = authority.lastIndexOf('@')
  const [username, password] = splitOnce(authority.slice(0, Math.max(0, at)), ':')
  const { host, port } = readHost(authority.slice(at + 1))
  return {
    host,
    port,
    path: decoded(path.replace(/^\//, '')),
    username: decoded(username),
    password: decoded(password),
    options: readOptions(query),
  }
}

/** Reads `name=value&name=value`. Of a name that comes twice, the last counts. */
export function readOptions(query: string): Options {
  return new Map([...new URLSearchParams(query)].map(([name, value]) => [name.toLowerCase(), value]))
}

/** Reads `host`, `host:port` or `[address]:port`. */
export function readHost(text: string): { readonly host: string; readonly port: string } {
  if (text.includes(','))
    throw new AddressRefused('That address names several hosts. Add one connection for each of them.')
  const found = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(text) ?? unreadable()
  const host = decoded(found[1] ?? '').replace(/^\[|\]$/g, '')
  if (host.includes('/')) throw new AddressRefused(socket)
  const port = found[2] ?? ''
  if (!/^[\p{L}\p{N}\p{M}._:-]*$/u.test(host) || Number(port || 1) < 1 || Number(port) > 65_535) unreadable()
  return { host, port }
}

/** Returns the option that comes first in `names`, '' where there is none of them. */
export function optionOf(options: Options, ...names: readonly string[]): string {
  return names.map((name) => options.get(name) ?? '').find((value) => value !== '') ?? ''
}

/** Returns the options without those named. */
export function without(options: Options, ...names: readonly string[]): Options {
  return new Map([...options].filter(([name]) => !names.includes(name)))
}

/** Returns the parameters that say something. */
export function filled(parameters: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).filter((entry): entry is [string, string] => Boolean(entry[1])))
}

/** Refuses an address that is for a socket on the machine it was written for. */
export function refuseSockets(...paths: readonly string[]): void {
  if (paths.some((path) => path !== '')) throw new AddressRefused(socket)
}

/** Ends the reading of an address that is none. */
export function unreadable(): never {
  throw new AddressRefused('That address could not be read. Check its host and port, or fill in the fields.')
}

const socket = 'That address is for a socket on one machine. Paste one with the name of a host, or fill in the fields.'
const strayAt =
  'That address has an "@" behind its host. If the password contains /, ? or #, write them as %2F, %3F and %23.'
const oddCharacter =
  'That address contains a backslash or a control character. If it is part of the password, write a backslash as %5C.'

/** Options whose values are accounts, and may contain an "@" of their own. */
const accounts = /([?&](?:user|username|password)=)[^&#]*/gi

/**
 * Reports whether an "@" stands where none belongs. What was meant to be a password with a `/`, `?` or `#` would be read
 * as port, path and options.
 */
function hasStrayAt(behind: string): boolean {
  return behind.replace(accounts, '$1').includes('@')
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const place = text.indexOf(separator)
  return place < 0 ? [text, ''] : [text.slice(0, place), text.slice(place + separator.length)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new AddressRefused(
      'That address could not be read: it has a "%" without two digits of its code behind it. Write a plain "%" as %25.',
    )
  }
}

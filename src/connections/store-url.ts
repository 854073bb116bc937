import type { Parameters } from '../connector/driver.ts'
import { Secret } from '../secrets/secret.ts'

/** A pasted address, taken apart. What could open the store is set aside, so that it can be offered for storing. */
export type ParsedStoreUrl =
  | {
      readonly ok: true
      readonly driver: string
      readonly parameters: Parameters
      readonly username: string | null
      readonly password: Secret | null
      /** Options of the address that Keyward has no field for; shown to the person, never passed on. */
      readonly ignored: readonly string[]
    }
  | { readonly ok: false; readonly error: string }

const schemes = new Map([
  ['jdbc:postgresql:', 'postgresql'],
  ['postgresql:', 'postgresql'],
  ['postgres:', 'postgresql'],
])

const tlsBySslMode: Readonly<Record<string, string>> = {
  disable: 'disable',
  // libpq's weaker modes fall back to no encryption; the nearest that never does is `require`.
  allow: 'require',
  prefer: 'require',
  require: 'require',
  'verify-ca': 'verify-full',
  'verify-full': 'verify-full',
}

/**
 * Takes a `jdbc:postgresql:` or `postgresql:` address apart into the fields of a connection. The text itself goes nowhere.
 * Percent-escapes are decoded; several hosts, socket paths and unreadable addresses are refused with the next step.
 */
export function parseStoreUrl(pasted: string): ParsedStoreUrl {
  const text = pasted.trim()
  const scheme = [...schemes.keys()].find((prefix) => text.toLowerCase().startsWith(prefix))
  if (scheme === undefined) {
    return refused('Paste an address that starts with postgresql:// or jdbc:postgresql://, or fill in the fields.')
  }
  const rest = text.slice(scheme.length)
  if (!rest.startsWith('//')) return parseWithoutHost(schemes.get(scheme) ?? '', rest)
  if (/^\/\/[^/?#]*,/.test(rest.replace(/^\/\/[^/?#]*@/, '//'))) {
    return refused('That address names several hosts. Add one connection for each of them.')
  }
  if (hasStrayAt(rest)) {
    return refused(
      'That address has an "@" behind its host. If the password contains /, ? or #, write them as %2F, %3F and %23.',
    )
  }
  return parseAuthority(schemes.get(scheme) ?? '', rest)
}

/**
 * Reports whether an "@" stands where none belongs: behind the first `/`, `?` or `#`, values of options aside. What was
 * meant to be a password with one of those characters would be read as port, database and options, and shown as such.
 */
function hasStrayAt(rest: string): boolean {
  const behind = /^\/\/[^/?#]*(.*)$/su.exec(rest)?.[1] ?? ''
  return behind.replace(/([?&][^=&#@]*=)[^&#]*/g, '$1').includes('@')
}

/** `jdbc:postgresql:sales` and `jdbc:postgresql:/` mean localhost; saying so beats guessing. */
function parseWithoutHost(driver: string, rest: string): ParsedStoreUrl {
  if (rest === '') return refused('That address ends after its scheme. Paste the whole of it.')
  return parseAuthority(driver, `//localhost/${rest.replace(/^\/+/, '')}`)
}

function parseAuthority(driver: string, rest: string): ParsedStoreUrl {
  let url: URL
  try {
    // A scheme that URL treats as special, so that hosts are checked; it is not looked at again.
    url = new URL(`http:${rest}`)
    return fromUrl(driver, url, portOf(rest))
  } catch {
    return refused('That address could not be read. Check its host and port, or fill in the fields.')
  }
}

function fromUrl(driver: string, url: URL, port: string): ParsedStoreUrl {
  const options = new Map([...url.searchParams].map(([name, value]) => [name.toLowerCase(), value]))
  const parameters: Record<string, string> = { host: decodeURIComponent(url.hostname).replace(/^\[|\]$/g, '') }
  if (port !== '') parameters.port = port
  const database = decodeURIComponent(url.pathname.replace(/^\//, ''))
  if (database !== '') parameters.database = database
  const tls = tlsFrom(options)
  if (tls !== undefined) parameters.tls = tls
  const username = decodeURIComponent(url.username) || options.get('user') || null
  const password = decodeURIComponent(url.password) || options.get('password') || null
  const ignored = [...options].filter(isOption).flatMap(([name]) => (understood.has(name) ? [] : name))
  return { ok: true, driver, parameters, username, password: password === null ? null : new Secret(password), ignored }
}

/** URL forgets a port that is the default of its scheme, so the port is read from the text that URL has accepted. */
function portOf(rest: string): string {
  return /^\/\/(?:[^/?#]*@)?(?:\[[^\]]*\]|[^:/?#]*):(\d+)/.exec(rest)?.[1] ?? ''
}

/** What has no value or no plain name may be the rest of a password with an "&" in it, and is not shown. */
function isOption([name, value]: readonly [name: string, value: string]): boolean {
  return value !== '' && /^[a-z][a-z0-9_.-]{0,39}$/.test(name)
}

const understood = new Set(['user', 'password', 'sslmode', 'ssl'])

function tlsFrom(options: ReadonlyMap<string, string>): string | undefined {
  const mode = options.get('sslmode')
  if (mode !== undefined) return tlsBySslMode[mode.toLowerCase()]
  return options.get('ssl') === 'true' ? 'verify-full' : undefined
}

function refused(error: string): ParsedStoreUrl {
  return { ok: false, error }
}

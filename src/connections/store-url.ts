import type { Driver, Parameters } from '../connector/driver.ts'
import { drivers } from '../connector/registry.ts'
import { Secret } from '../secrets/secret.ts'
import { AddressRefused, type Options, type Reading } from './addresses/reading.ts'
import { exampleAddresses, schemes, storeNames } from './addresses/schemes.ts'

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
      /** True where a key, a token or another secret was taken out that is no password. It is kept nowhere. */
      readonly dropped: boolean
    }
  | { readonly ok: false; readonly error: string }

type Store = Pick<Driver, 'id' | 'parameters'>

/**
 * Takes an address of any store apart into the fields of a connection: `postgresql://`, `jdbc:mysql://`, `s3://`, a web
 * address … The text itself goes nowhere. `chosen` is the store that is being added, empty where none is chosen yet; `stores` are those there are.
 * Percent-escapes are decoded; several hosts, socket paths and unreadable addresses are refused with the next step.
 */
export function parseStoreUrl(pasted: string, chosen = '', stores: readonly Store[] = drivers): ParsedStoreUrl {
  const text = pasted.trim()
  const [, prefix = '', scheme = ''] = /^((?:jdbc:)?([a-z][a-z0-9]*))(?:\+[a-z0-9_]+)?:/i.exec(text) ?? []
  const read = schemes.get(prefix.toLowerCase())
  if (read === undefined) return refused(unknownScheme(stores, chosen))
  const rest = text.slice(text.indexOf(':', prefix.length) + 1)
  if (rest === '') return refused('That address ends after its scheme. Paste the whole of it.')
  try {
    return finish(read(rest, scheme.toLowerCase(), chosen), stores)
  } catch (error) {
    if (error instanceof AddressRefused) return refused(error.message)
    throw error
  }
}

/** Returns an address as one would paste it for this store. */
export function exampleAddress(driverId: string): string {
  return exampleAddresses[driverId] ?? 'postgresql://db.example.com:5432/sales'
}

function finish(reading: Reading, stores: readonly Store[]): ParsedStoreUrl {
  const { driver, username, password } = reading
  const store = stores.find(({ id }) => id === driver)
  if (store === undefined) {
    return refused(`This version of Keyward has no driver for ${storeNames[driver]}. Choose another data store.`)
  }
  if (Object.values(reading.parameters).some((value) => looksSecret.test(value))) return refused(misplaced)
  const parameters = Object.entries(reading.parameters).filter(([id, value]) => fits(store, id, value))
  const secrets = [...reading.rest].filter(([name, value]) => value !== '' && secretName.test(name))
  return {
    ok: true,
    driver,
    parameters: Object.fromEntries(parameters),
    username: username || null,
    password: password === '' ? null : new Secret(password),
    ignored: namesOf(reading.rest),
    dropped: reading.dropped === true || secrets.length > 0,
  }
}

/** What reads like an account among the other parts was written in a way that this address does not have. */
const looksSecret = /(?:password|passwd|pwd|secret|token)\s*=/i
const misplaced =
  'That address has a password or a key where none belongs. Write it as user:password@ before the host, or leave it out.'

const secretName = /pass|pwd|secret|token|key|credential|signature|^sig$|jwt/i

/** A store has no use for what it has no field for, and no form could show a choice that is none. */
function fits(store: Store, id: string, value: string): boolean {
  const spec = store.parameters.find((one) => one.id === id)
  return spec !== undefined && (spec.choices === undefined || spec.choices.some((choice) => choice.value === value))
}

/**
 * Names only what is known as an option somewhere: anything else may be the rest of a password with an "&" or ";" in it,
 * so it is counted and not shown.
 */
function namesOf(options: Options): string[] {
  const names = [...options].filter(([, value]) => value !== '').map(([name]) => name)
  const known = names.filter((name) => knownOptions.has(name))
  const others = names.filter((name) => !knownOptions.has(name) && !secretName.test(name)).length
  return others === 0 ? known : [...known, others === 1 ? '1 other' : `${others} others`]
}

const knownOptions = new Set(
  `application_name applicationname connect_timeout connecttimeout sockettimeout sslcert sslrootcert options
  target_session_attrs channel_binding binarytransfer preparethreshold defaultrowfetchsize charset characterencoding
  useunicode servertimezone allowmultiqueries allowloadlocalinfile allowpublickeyretrieval autoreconnect usecompression
  logintimeout multisubnetfailover integratedsecurity hostnameincertificate applicationintent socket_timeout compress
  max_execution_time custom_http_params versionid response-content-type x-amz-algorithm x-amz-date x-amz-expires
  client_session_keep_alive authenticator timezone tracing`.split(/\s+/),
)

function unknownScheme(stores: readonly Store[], chosen: string): string {
  const readable = ['postgresql', 'mysql', 'mariadb', 'sqlserver', 'clickhouse', 'snowflake', 's3', 'https-file']
  const starts = readable
    .filter((id) => stores.some((store) => store.id === id))
    .map((id) => (id === 'https-file' ? 'https://' : `${id}://`))
  const otherwise = chosen === '' ? 'choose a data store' : 'fill in the fields'
  return `Paste an address that starts with ${starts.join(', ')} or the same behind jdbc:, or ${otherwise}.`
}

function refused(error: string): ParsedStoreUrl {
  return { ok: false, error }
}

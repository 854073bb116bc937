import { parseEmail } from '../access/email.ts'
import { parseHost } from '../connector/host.ts'
import { BadKeyFile, readPrivateFile } from '../secrets/kek/file.ts'
import { Secret } from '../secrets/secret.ts'
import { readAuthorities } from './authorities.ts'

/** Where webhooks are posted to, and the keys that sign them, each of which signs. */
export type WebhookSettings = {
  readonly host: string
  readonly port: number
  readonly isHttps: boolean
  /** Host and port as the address has them. */
  readonly authority: string
  /** With its query. May hold a token, so it is not for showing. */
  readonly path: string
  readonly keys: readonly Secret[]
  /** The authorities that alone may vouch for it, as PEM; null for those that Node.js trusts. */
  readonly ca: string | null
}

/** The mail server, and who it is sent as. */
export type MailSettings = {
  readonly host: string
  readonly port: number
  /** `none` is for a server on this machine or network that has nothing else, and never with a password. */
  readonly encryption: 'tls' | 'starttls' | 'none'
  readonly user: string | null
  readonly password: Secret | null
  readonly from: string
  /** As of webhooks. */
  readonly ca: string | null
}

/** A setting read, or sentences that say what is wrong, none of which repeats it. */
export type Read<T> = { readonly settings: T | null; readonly problems: readonly string[] }

/** Reads WEBHOOK_URL and the files that WEBHOOK_SECRET_FILE and WEBHOOK_CA_FILE name. */
export function readWebhook(
  address: string | undefined,
  file: string | undefined,
  authorities?: string,
): Read<WebhookSettings> {
  if (address === undefined) {
    if (file !== undefined) {
      return failed('WEBHOOK_SECRET_FILE is set without WEBHOOK_URL. Set WEBHOOK_URL too, or remove it.')
    }
    if (authorities === undefined) return { settings: null, problems: [] }
    return failed('WEBHOOK_CA_FILE is set without WEBHOOK_URL. Set WEBHOOK_URL too, or remove it.')
  }
  const place = parseWebhookUrl(address)
  const badAddress =
    place === undefined
      ? [
          'WEBHOOK_URL is not a web address without user and password. Set it to something like https://example.com/hook.',
        ]
      : []
  if (file === undefined) {
    return failed(...badAddress, 'WEBHOOK_URL is set without a key to sign with. Set WEBHOOK_SECRET_FILE to its file.')
  }
  const { keys, problem } = readKeys(file)
  const { ca, problems } = readAuthorities('WEBHOOK_CA_FILE', authorities)
  if (place === undefined || keys === undefined || problems.length > 0)
    return failed(...badAddress, ...(problem === undefined ? [] : [problem]), ...problems)
  return { settings: { ...place, keys, ca }, problems: [] }
}

/** Reads SMTP_URL, MAIL_FROM and the file that SMTP_CA_FILE names. */
export function readMail(
  address: string | undefined,
  sender: string | undefined,
  authorities?: string,
): Read<MailSettings> {
  if (address === undefined && sender === undefined && authorities === undefined)
    return { settings: null, problems: [] }
  const server = address === undefined ? undefined : parseSmtpUrl(address)
  const from = sender === undefined ? undefined : parseEmail(sender)?.email
  const { ca, problems: badAuthorities } = readAuthorities('SMTP_CA_FILE', authorities)
  const alone = sender === undefined ? 'SMTP_CA_FILE' : 'MAIL_FROM'
  const problems = [
    ...(address === undefined ? [`${alone} is set without SMTP_URL. Set SMTP_URL too, or remove it.`] : []),
    ...(typeof server === 'string' ? [server] : []),
    ...(sender === undefined && address !== undefined
      ? ['SMTP_URL is set without a sender. Set MAIL_FROM to an e-mail address.']
      : []),
    ...(sender !== undefined && from === undefined ? ['MAIL_FROM is not an e-mail address. Set it to one alone.'] : []),
    ...badAuthorities,
  ]
  if (server === undefined || typeof server === 'string' || from === undefined || problems.length > 0) {
    return { settings: null, problems }
  }
  return { settings: { ...server, from, ca }, problems }
}

function parseWebhookUrl(text: string): Omit<WebhookSettings, 'keys' | 'ca'> | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const host = url && parseHost(url.hostname)
  if (url === undefined || host === undefined || !/^https?:$/.test(url.protocol)) return undefined
  if (url.username !== '' || url.password !== '') return undefined
  const isHttps = url.protocol === 'https:'
  const port = Number(url.port) || (isHttps ? 443 : 80)
  return { host, port, isHttps, authority: url.host, path: `${url.pathname}${url.search}` }
}

/** Returns the server, or the sentence that says why it is none. */
function parseSmtpUrl(text: string): Omit<MailSettings, 'from' | 'ca'> | string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const host = url && parseHost(url.hostname)
  const option = url?.search ?? ''
  const isUsable = url !== undefined && /^smtps?:$/.test(url.protocol) && /^\/?$/.test(url.pathname)
  const encryption = encryptionOf(url?.protocol, option)
  const [user, password] = [decoded(url?.username ?? ''), decoded(url?.password ?? '')]
  if (!isUsable || host === undefined || encryption === undefined || user === undefined || password === undefined) {
    return 'SMTP_URL is not the address of a mail server. Write it as smtp://user:password@host:587 or smtps://user:password@host:465.'
  }
  if (encryption === 'none' && user !== '') {
    return 'SMTP_URL has a user and "tls=none", which would send the password readable. Remove one of the two.'
  }
  const port = Number(url?.port) || (encryption === 'tls' ? 465 : 587)
  return { host, port, encryption, user: user || null, password: password === '' ? null : new Secret(password) }
}

function encryptionOf(protocol: string | undefined, option: string): MailSettings['encryption'] | undefined {
  if (protocol === 'smtps:') return option === '' ? 'tls' : undefined
  if (option === '') return 'starttls'
  return option === '?tls=none' ? 'none' : undefined
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function failed(...problems: readonly string[]): Read<never> {
  return { settings: null, problems }
}

type Keys = { readonly keys?: readonly Secret[]; readonly problem?: string }

/** One key a line, as Standard Webhooks writes them: `whsec_` and the base64 of 24 to 64 random bytes. */
function readKeys(file: string): Keys {
  try {
    const lines = readPrivateFile(file)
      .split('\n')
      .map((each) => each.trim())
    const keys = lines.filter((each) => each !== '' && !each.startsWith('#')).map(parseKey)
    const good = keys.filter((key) => key !== undefined)
    if (good.length > 0 && good.length === keys.length) return { keys: good }
    return {
      problem: `WEBHOOK_SECRET_FILE holds no key of the form whsec_…, or one that is cut. Set it to a file with one key a line, each "whsec_" and the base64 of 24 to 64 random bytes.`,
    }
  } catch (error) {
    if (error instanceof BadKeyFile) return { problem: `WEBHOOK_SECRET_FILE: ${error.message}` }
    throw error
  }
}

function parseKey(line: string): Secret | undefined {
  const [, encoded] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? []
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  const isWhole = bytes.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '')
  return isWhole && bytes.length >= 24 && bytes.length <= 64 ? new Secret(bytes) : undefined
}

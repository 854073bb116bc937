import { createTransport } from 'nodemailer'
import { tlsRefusal } from '../connector/tls.ts'
import type { Message, Send } from './deliveries.ts'
import { type Dialling, dial, refusalSentence } from './dial.ts'
import type { MailSettings } from './settings.ts'

const limitMilliseconds = 30_000

/** Returns what hands messages to the mail server, as text. A repeated one has the same Message-ID. */
export function createMailer(settings: MailSettings, dialling: Dialling): Send {
  const { host, port, encryption, from, ca } = settings
  return async (message, signal) => {
    const over = AbortSignal.any([signal, AbortSignal.timeout(limitMilliseconds)])
    const transport = createTransport({
      host,
      port,
      secure: encryption === 'tls',
      requireTLS: encryption === 'starttls',
      ignoreTLS: encryption === 'none',
      tls: { minVersion: 'TLSv1.2', ...(ca === null ? {} : { ca }) },
      disableFileAccess: true,
      disableUrlAccess: true,
      ...(settings.user === null ? {} : { auth: { user: settings.user, pass: passwordOf(settings) } }),
      // The library dials nothing itself: what it gets is connected to an address that was judged.
      getSocket: (_options, done) => {
        dial(dialling, { host, port }, over).then((connection) => done(null, { connection }), done)
      },
    })
    try {
      const to = { name: '', address: message.recipient ?? '' }
      const messageId = `<${message.id}@${from.slice(from.lastIndexOf('@') + 1)}>`
      const sender = { name: 'Keyward', address: from }
      await transport.sendMail({
        ...textOf(message),
        from: sender,
        to,
        messageId,
        date: message.createdAt,
        signal: over,
      })
      return null
    } catch (error) {
      return over.aborted ? 'The mail server did not take it within 30 seconds.' : sentenceFor(error, host)
    } finally {
      transport.close()
    }
  }
}

/** Returns subject and text. Whatever a name holds is text. */
export function textOf({ event, body }: Message): { readonly subject: string; readonly text: string } {
  if (typeof body.sentence === 'string') return toldText(body.sentence, body)
  // One line, whatever it holds: a name is no place for paragraphs of somebody's own.
  const name = String(body.name).replace(/\s+/g, ' ')
  const at = `${String(body.expiresAt).slice(0, 19).replace('T', ' ')} UTC`
  const isOver = event === 'credential.expired'
  const within = body.days === 1 ? 'a day' : `${body.days} days`
  const lines = [
    isOver ? `The credentials "${name}" ended on ${at}.` : `The credentials "${name}" end on ${at}.`,
    '',
    'Get a new secret from the data store, then edit the credentials in Keyward.',
    ...(typeof body.url === 'string' ? [body.url] : []),
    '',
    'You get this because they are yours. Keyward reminds you 30, 7 and 1 days before they expire, and when they have.',
    choose,
    '',
  ]
  return { subject: isOver ? `${name} has expired` : `${name} expires within ${within}`, text: lines.join('\n') }
}

/** Where there are no links: the public address is not known. */
const choose = 'What you get by e-mail is up to you: open Notifications in Keyward, then Choose e-mails.'

function toldText(sentence: string, { url, choices }: Message['body']) {
  const subject = sentence.length > 150 ? `${[...sentence].slice(0, 149).join('')}…` : sentence.replace(/\.$/, '')
  const link = typeof url === 'string' ? ['', url] : []
  const lines = [sentence, ...link, '', choose, ...(typeof choices === 'string' ? [choices] : []), '']
  return { subject, text: lines.join('\n') }
}

/** Only codes come from the other side: what a mail server says may repeat an account or an address. */
function sentenceFor(error: unknown, host: string): string {
  const refused = refusalSentence(error)
  if (refused !== undefined) return refused
  const { code, originalCode, responseCode } = error as Readonly<Record<string, unknown>>
  const status = typeof responseCode === 'number' ? ` (${responseCode})` : ''
  if (code === 'EAUTH') return `The mail server refused the account of SMTP_URL${status}.`
  if (typeof originalCode === 'string' && aboutTls.test(originalCode)) {
    return tlsRefusal(Object.assign(new Error(), { code: originalCode }), host).message
  }
  if (code === 'ETLS') return 'The mail server offers no encryption that works.'
  return status === '' ? 'The mail server ended the connection.' : `The mail server refused the message${status}.`
}

/** What Node.js calls what is wrong with a handshake or a certificate. */
const aboutTls = /CERT|TLS|SSL|SIGNED|ISSUER|UNABLE_TO|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH/

function passwordOf({ password }: MailSettings): string {
  return password?.expose().toString('utf8') ?? ''
}

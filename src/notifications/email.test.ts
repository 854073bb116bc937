import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { parsePolicy } from '../connector/egress.ts'
import { Secret } from '../secrets/secret.ts'
import { type Certificate, type Certificates, makeCertificates } from '../testing/certificates.ts'
import { type SmtpOptions, smtpServer } from '../testing/smtp.ts'
import type { Message } from './deliveries.ts'
import { createMailer, textOf } from './email.ts'
import type { MailSettings } from './settings.ts'

const message: Message = {
  id: '01900000-0000-7000-8000-000000000000',
  event: 'credential.expiring',
  recipient: 'ada@example.com',
  createdAt: new Date('2026-11-24T12:00:00.000Z'),
  body: {
    ...{ name: 'Warehouse', days: 7, expiresAt: '2026-12-01T23:59:59.000Z' },
    url: 'https://keys.example.com/credentials/c',
  },
}
const egress = parsePolicy('managed', '', '').policy
type Server = Awaited<ReturnType<typeof smtpServer>>
let server: Server | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

async function listen(options: SmtpOptions = {}): Promise<Server> {
  server = await smtpServer(options)
  return server
}

function send({ port }: { port: number }, change: Partial<MailSettings> = {}, its: Message = message) {
  const settings: MailSettings = {
    ...{
      host: '127.0.0.1',
      port,
      encryption: 'none',
      user: null,
      password: null,
      from: 'keyward@example.org',
      ca: null,
    },
    ...change,
  }
  return createMailer(settings, { egress })(its, new AbortController().signal)
}

describe('An e-mail', () => {
  it('is handed to the server as text to the one it is for, with an id that stays', async () => {
    const its = await listen()
    expect(await send(its)).toBeNull()
    expect(its.mails).toMatchObject([{ from: '<keyward@example.org>', to: '<ada@example.com>' }])
    const text = its.mails[0]?.text ?? ''
    expect(text).toContain('From: Keyward <keyward@example.org>')
    expect(text).toContain('Subject: Warehouse expires within 7 days')
    expect(text).toContain(`Message-ID: <${message.id}@example.org>`)
    expect(text).toContain('Date: Tue, 24 Nov 2026 12:00:00 +0000')
    expect(text).toContain('Content-Type: text/plain')
    expect(text).toContain('https://keys.example.com/credentials/c')
  })

  it('to a name with line breaks and markup in it stays one mail to one person', async () => {
    const its = await listen()
    const name = 'x\r\nBcc: eve@example.com\r\n\r\n<script>'
    expect(await send(its, {}, { ...message, body: { ...message.body, name } })).toBeNull()
    expect(its.commands.filter((line) => line.startsWith('RCPT'))).toEqual(['RCPT TO:<ada@example.com>'])
    expect(its.mails[0]?.text).not.toMatch(/^Bcc:/m)
  })

  it('needs STARTTLS unless the settings say none, and sends no password without it', async () => {
    const its = await listen()
    const account = { encryption: 'starttls', user: 'ada', password: new Secret('hunter2') } as const
    expect(await send(its, account)).toBe('The mail server offers no encryption that works.')
    expect(its.mails).toEqual([])
    expect(its.commands.join('\n')).not.toMatch(/AUTH/)
  })

  it.each([
    [{ command: 'RCPT', answer: '550 no ada@example.com, hunter2' }, 'The mail server refused the message (550).'],
    [{ command: 'AUTH', answer: '535 no hunter2' }, 'The mail server refused the account of SMTP_URL (535).'],
    [{ command: 'MAIL', answer: '451 later' }, 'The mail server refused the message (451).'],
  ])('that is refused (%o) is said in a sentence with the code alone', async (refuses, sentence) => {
    const its = await listen({ refuses })
    const account = refuses.command === 'AUTH' ? { user: 'ada', password: new Secret('hunter2') } : {}
    expect(await send(its, account)).toBe(sentence)
    expect(its.mails).toEqual([])
  })

  it('that nobody listens for is said in a sentence', async () => {
    const { port } = await listen()
    await server?.close()
    server = undefined
    expect(await send({ port })).toBe('Nothing listens on this port.')
  })
})

const folder = mkdtempSync(join(tmpdir(), 'keyward-mail-'))
const certificates = makeCertificates(folder)
rmSync(folder, { recursive: true })

describe.skipIf(certificates === undefined).each(['starttls', 'tls'] as const)('An e-mail by %s', (encryption) => {
  const { authority: ca, ...shown } = certificates as Certificates
  const account = { encryption, host: 'localhost', user: 'ada', password: new Secret('hunter2') } as const
  const listenWith = (certificate: Certificate) =>
    listen(encryption === 'tls' ? { tls: certificate } : { startTls: certificate })

  it.each(['localhost', '127.0.0.1'])('to %s with a certificate of the given authority, is taken', async (host) => {
    const its = await listenWith(shown.good)
    expect(await send(its, { ...account, host, ca })).toBeNull()
    expect(its.mails).toMatchObject([{ to: '<ada@example.com>', secure: true }])
    expect(its.commands.filter((line) => line.startsWith('AUTH'))).toHaveLength(1)
  })

  it.each([
    ['of an authority that nobody trusts', 'good', null, /not signed by an authority/],
    ['that signed itself', 'selfSigned', null, /not signed by an authority/],
    ['that signed itself, beside the given authority', 'selfSigned', ca, /not signed by an authority/],
    ['for another host', 'wrongHost', ca, /^The certificate of the server is not for localhost\.$/],
    ['that has expired', 'expired', ca, /expired/],
  ] as const)('to a server with a certificate %s, is not sent, and no password is', async (_, which, trusted, said) => {
    const its = await listenWith(shown[which])
    expect(await send(its, { ...account, ca: trusted })).toMatch(said)
    expect(its.mails).toEqual([])
    expect(its.commands.join('\n')).not.toMatch(/AUTH/)
  })

  it('to a server that does not speak it, is not sent, and that is said in a sentence', async () => {
    const its = await listen()
    expect(await send(its, { ...account, ca })).toMatch(
      /^The (mail server offers no encryption that works|server and Keyward)/,
    )
    expect(its.commands.join('\n')).not.toMatch(/AUTH/)
  })
})

describe('textOf', () => {
  it('says when it is over, when it is within a day, and has no link where none is known', () => {
    const over = { ...message, event: 'credential.expired', body: { ...message.body, days: 0, url: null } }
    expect(textOf(over).subject).toBe('Warehouse has expired')
    expect(textOf(over).text).toMatch(/^The credentials "Warehouse" ended on 2026-12-01 23:59:59 UTC\.$/m)
    expect(textOf(over).text).not.toContain('https:')
    expect(textOf({ ...message, body: { ...message.body, days: 1 } }).subject).toBe('Warehouse expires within a day')
  })
})

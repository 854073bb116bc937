import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { makeCertificates } from '../testing/certificates.ts'
import { readMail, readWebhook } from './settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyward-webhook-'))
afterAll(() => rmSync(folder, { recursive: true }))

const key = (fill: number, length = 32) => `whsec_${Buffer.alloc(length, fill).toString('base64')}`

function secretFile(text: string, mode = 0o600): string {
  const path = join(folder, `secret-${Math.random()}`)
  writeFileSync(path, text, { mode })
  chmodSync(path, mode)
  return path
}

describe('readWebhook', () => {
  it('without either setting is off', () => {
    expect(readWebhook(undefined, undefined)).toEqual({ settings: null, problems: [] })
  })

  it('takes an address and every key of the file', () => {
    const file = secretFile(`# the new one\n${key(1)}\n\n${key(2, 24)}\n`)
    const { settings, problems } = readWebhook('https://hooks.example.com:8443/in/token?x=1', file)
    expect(problems).toEqual([])
    expect(settings).toMatchObject({
      ...{ host: 'hooks.example.com', port: 8443, isHttps: true },
      ...{ authority: 'hooks.example.com:8443', path: '/in/token?x=1' },
    })
    expect(settings?.keys.map((one) => one.length)).toEqual([32, 24])
    expect(readWebhook('http://[::1]/', file).settings).toMatchObject({ host: '::1', port: 80, isHttps: false })
  })

  it.each(['hooks.example.com', 'ftp://example.com/', 'https://user:hunter2@example.com/', 'https://127.1.1/', ''])(
    'with the address "%s" says so without repeating it',
    (address) => {
      const { settings, problems } = readWebhook(address, secretFile(key(1)))
      if (address === 'https://127.1.1/') return expect(settings?.host).toBe('127.1.0.1')
      expect([settings, problems.length]).toEqual([null, 1])
      expect(problems[0]).toMatch(/^WEBHOOK_URL .*Set/)
      expect(problems.join()).not.toContain('hunter2')
    },
  )

  it.each([
    ['nothing in it', ''],
    ['only a comment', '# whsec_'],
    ['another kind of key', `kwkek1_${'a'.repeat(43)}_00000000`],
    ['a key that is too short', key(1, 23)],
    ['a key that is too long', key(1, 65)],
    ['one good key and one that is cut', `${key(1)}\nwhsec_hunter2hunter2x`],
  ])('with a file that has %s says so, and nothing of the key', (_what, text) => {
    const { settings, problems } = readWebhook('https://example.com/', secretFile(text))
    expect([settings, problems.length]).toEqual([null, 1])
    expect(problems[0]).toContain('WEBHOOK_SECRET_FILE')
    expect(problems.join()).not.toContain('hunter2')
  })

  it('refuses a file that others may read, and one that is not there', () => {
    expect(readWebhook('https://example.com/', secretFile(key(1), 0o640)).problems[0]).toContain('chmod 0600')
    expect(readWebhook('https://example.com/', join(folder, 'none')).problems[0]).toContain('There is no key file')
  })

  it('with one of the two alone names the other', () => {
    expect(readWebhook('https://example.com/', undefined).problems[0]).toContain('Set WEBHOOK_SECRET_FILE')
    expect(readWebhook(undefined, secretFile(key(1))).problems[0]).toContain('Set WEBHOOK_URL')
    expect(readWebhook('nowhere', undefined).problems).toHaveLength(2)
  })
})

describe('readMail', () => {
  it('takes a server with STARTTLS, with TLS from the start, and without either', () => {
    const from = 'keyward@example.com'
    const none = { user: null, password: null, from, ca: null }
    expect(readMail('smtp://mail.example.com', from).settings).toEqual({
      ...{ ...none, host: 'mail.example.com', port: 587, encryption: 'starttls' },
    })
    expect(readMail('smtps://mail.example.com/', from).settings).toMatchObject({ port: 465, encryption: 'tls' })
    expect(readMail('smtp://127.0.0.1:25?tls=none', from).settings).toMatchObject({ port: 25, encryption: 'none' })
    const { settings } = readMail('smtp://ada%40example.com:p%3Ass@mail:2525', from)
    expect(settings).toMatchObject({ user: 'ada@example.com', port: 2525 })
    expect(settings?.password?.expose().toString()).toBe('p:ss')
    expect(readMail(undefined, undefined)).toEqual({ settings: null, problems: [] })
  })

  it.each([
    ['https://mail.example.com', 'SMTP_URL'],
    ['smtp://u:hunter2@mail.example.com?tls=none', 'SMTP_URL'],
    ['smtp://u:hunter2@mail.example.com?tls=off', 'SMTP_URL'],
    ['smtp://u:hunter2@mail.example.com/path', 'SMTP_URL'],
    ['smtp://u:hunter2%ZZ@mail.example.com', 'SMTP_URL'],
    ['smtp://', 'SMTP_URL'],
  ])('with the address %s says so without repeating it', (address, setting) => {
    const { settings, problems } = readMail(address, 'keyward@example.com')
    expect([settings, problems.length]).toEqual([null, 1])
    expect(problems[0]).toMatch(new RegExp(`^${setting} `))
    expect(problems.join()).not.toContain('hunter2')
  })

  it('with one of the two alone, or a sender that is none, says so', () => {
    expect(readMail('smtp://mail', undefined).problems[0]).toContain('Set MAIL_FROM')
    expect(readMail(undefined, 'keyward@example.com').problems[0]).toContain('Set SMTP_URL')
    expect(readMail('smtp://mail', 'Keyward <keyward@example.com>').problems[0]).toContain('MAIL_FROM is not')
    expect(readMail('nowhere', 'nobody').problems).toHaveLength(2)
  })
})

const certificates = makeCertificates(folder)

describe.skipIf(certificates === undefined)('The authorities of a place', () => {
  const authority = certificates?.authority ?? ''
  const file = (text: string) => secretFile(text, 0o644)
  const webhook = (path?: string) => readWebhook('https://example.com/', secretFile(key(1)), path)
  const mail = (path?: string) => readMail('smtp://example.com', 'keyward@example.com', path)

  it('are those of the file, all of them, without what stands between; without a file those of Node.js', () => {
    const both = file(`# ours\n${authority}\n# theirs\n${certificates?.selfSigned.certificate}`)
    for (const read of [webhook, mail]) {
      expect(read().settings?.ca).toBeNull()
      expect(read(file(authority)).settings?.ca).toBe(authority.trim())
      expect(read(both).settings?.ca?.match(/BEGIN/g)).toHaveLength(2)
    }
  })

  it.each([
    ['is not there', () => join(folder, 'nowhere.pem'), /cannot be read\. Set it to a file/],
    ['holds nothing', () => file(''), /holds no certificate/],
    ['holds a certificate that is cut', () => file(authority.replace(/\n.{20}/, '\n')), /holds no certificate/],
    ['holds a key', () => file(certificates?.good.key ?? ''), /holds no certificate/],
  ])('in a file that %s are a sentence, and nothing is sent', (_, path, said) => {
    for (const read of [webhook, mail]) {
      const { settings, problems } = read(path())
      expect([settings, problems.length]).toEqual([null, 1])
      expect(problems[0]).toMatch(said)
      expect(problems[0]).not.toMatch(/BEGIN|MII/)
    }
  })

  it('without the place are a sentence', () => {
    expect(readWebhook(undefined, undefined, 'ca.pem').problems).toEqual([
      'WEBHOOK_CA_FILE is set without WEBHOOK_URL. Set WEBHOOK_URL too, or remove it.',
    ])
    expect(readMail(undefined, undefined, file(authority)).problems).toEqual([
      'SMTP_CA_FILE is set without SMTP_URL. Set SMTP_URL too, or remove it.',
    ])
  })
})

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { provide } from './provision.ts'

/** A certificate with its key, as PEM. */
export type Certificate = { readonly certificate: string; readonly key: string }

/** What a server may show: a good one, and three that must be refused. `authority` has signed all but the self-signed. */
export type Certificates = {
  readonly authority: string
  readonly good: Certificate
  readonly wrongHost: Certificate
  readonly expired: Certificate
  readonly selfSigned: Certificate
}

/** Makes certificates for localhost and 127.0.0.1 with OpenSSL; undefined, with a printed reason, where it is missing. */
export function makeCertificates(folder: string): Certificates | undefined {
  const openssl = provide('openssl')
  if (openssl === undefined) return undefined
  const run = (...words: string[]) => {
    const { status, stderr } = spawnSync(openssl, words, { cwd: folder, encoding: 'utf8' })
    if (status !== 0) throw new Error(`openssl ${words[0]} failed: ${stderr}`)
  }
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const self = ['req', '-x509', ...newKey, '-days', '2']
  run(...self, '-subj', '/CN=Test authority', '-keyout', 'ca.key', '-out', 'ca.crt')
  run(...self, '-subj', '/CN=localhost', '-addext', localNames, '-keyout', 'self.key', '-out', 'self.crt')
  const sign = (name: string, names: string, validity: readonly string[]): Certificate => {
    writeFileSync(join(folder, `${name}.ext`), `${names.replace('=', ' = ')}\n`)
    run('req', '-new', ...newKey, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`)
    const signed = ['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial']
    run(...signed, '-extfile', `${name}.ext`, ...validity, '-out', `${name}.crt`)
    return read(folder, name)
  }
  return {
    authority: readFileSync(join(folder, 'ca.crt'), 'utf8'),
    good: sign('good', localNames, ['-days', '2']),
    wrongHost: sign('elsewhere', 'subjectAltName=DNS:elsewhere.example', ['-days', '2']),
    expired: sign('expired', localNames, ['-days', '-1']),
    selfSigned: read(folder, 'self'),
  }
}

const localNames = 'subjectAltName=DNS:localhost,IP:127.0.0.1'

function read(folder: string, name: string): Certificate {
  return {
    certificate: readFileSync(join(folder, `${name}.crt`), 'utf8'),
    key: readFileSync(join(folder, `${name}.key`), 'utf8'),
  }
}

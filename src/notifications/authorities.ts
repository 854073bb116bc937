import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** The authorities that alone may vouch for a place, as PEM; null for those that Node.js trusts. Or what is wrong. */
export type Authorities = { readonly ca: string | null; readonly problems: readonly string[] }

/** Reads the file that `setting` names: certificates of authorities, one after the other, as PEM. */
export function readAuthorities(setting: string, file: string | undefined): Authorities {
  if (file === undefined) return { ca: null, problems: [] }
  const text = textOf(file)
  if (text === undefined)
    return wrong(`${setting}: ${file} cannot be read. Set it to a file that this account may read.`)
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (certificates.length === 0 || !certificates.every(isCertificate)) {
    return wrong(
      `${setting} holds no certificate, or one that is cut. Set it to a PEM file with those of the authorities.`,
    )
  }
  return { ca: certificates.join('\n'), problems: [] }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem)
    return true
  } catch {
    return false
  }
}

function wrong(problem: string): Authorities {
  return { ca: null, problems: [problem] }
}

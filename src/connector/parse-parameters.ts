import { X509Certificate } from 'node:crypto'
import type { FieldSpec } from './field-spec.ts'
import { parseHost } from './host.ts'

/** Checked parameters, or a sentence for each field that is wrong. */
export type ParsedParameters =
  | { readonly ok: true; readonly values: Record<string, string> }
  | { readonly ok: false; readonly errors: Record<string, string> }

/**
 * Reads what was filled in for a driver's fields: trims, fills in fallbacks, leaves out what is blank, and brings hosts,
 * ports and certificates into the one spelling that is stored. A field that no spec names is an error.
 */
export function parseParameters(
  specs: readonly FieldSpec[],
  input: Readonly<Record<string, string | undefined>>,
): ParsedParameters {
  const values = new Map<string, string>()
  const errors = new Map<string, string>()
  for (const spec of specs) {
    const given = Object.hasOwn(input, spec.id) ? input[spec.id] : undefined
    const parsed = parseField(spec, given ?? '')
    if (!parsed.ok) errors.set(spec.id, parsed.error)
    else if (parsed.value !== '') values.set(spec.id, parsed.value)
  }
  for (const id of Object.keys(input)) {
    if (!specs.some((spec) => spec.id === id)) errors.set(id, 'This data store has no such setting. Remove it.')
  }
  return errors.size > 0
    ? { ok: false, errors: Object.fromEntries(errors) }
    : { ok: true, values: Object.fromEntries(values) }
}

type ParsedField = { readonly ok: true; readonly value: string } | { readonly ok: false; readonly error: string }

function parseField(spec: FieldSpec, given: string): ParsedField {
  const text = given.trim() || (spec.fallback ?? '')
  if (text === '') return spec.required ? wrong(`${spec.label} is missing. Fill it in.`) : right('')
  if (text.length > spec.maximumLength) {
    return wrong(`${spec.label} is longer than ${spec.maximumLength} characters. Shorten it.`)
  }
  if (spec.kind !== 'multiline' && /\p{Cc}/u.test(text)) {
    return wrong(`${spec.label} contains a line break or another control character. Type it again.`)
  }
  if (spec.kind === 'choice') return parseChoice(spec, text)
  if (spec.format === 'host') return parseHostField(text)
  if (spec.format === 'port') return parsePort(text)
  if (spec.format === 'pem') return parsePem(text)
  if (spec.kind === 'number') return parseNumber(spec, text)
  return right(text)
}

function parseNumber(spec: FieldSpec, text: string): ParsedField {
  if (!/^-?\d{1,15}$/.test(text)) return wrong(`${spec.label} is not a whole number. Enter digits.`)
  const [least, greatest] = spec.range ?? [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]
  if (Number(text) >= least && Number(text) <= greatest) return right(String(Number(text)))
  return wrong(`${spec.label} is not between ${least} and ${greatest}. Enter a number that is.`)
}

function parseChoice(spec: FieldSpec, text: string): ParsedField {
  if (spec.choices?.some((choice) => choice.value === text)) return right(text)
  const values = (spec.choices ?? []).map((choice) => choice.value)
  return wrong(`${spec.label} must be one of ${values.join(', ')}. Choose one of them.`)
}

function parseHostField(text: string): ParsedField {
  const host = parseHost(text)
  if (host !== undefined) return right(host)
  if (text.includes('://')) return wrong('Enter the host alone, such as db.example.com, without anything before it.')
  if (text.includes('/')) return wrong('Sockets and paths are not supported. Enter a name such as db.example.com.')
  if (/[,\s]/.test(text)) return wrong('Enter one host. Add a connection of its own for each other one.')
  if (text.includes('%'))
    return wrong('Addresses with a zone are not supported. Enter a name or an address without "%".')
  if (/^[^:]+:\d+$/.test(text)) return wrong('Enter the host alone, and its port in the field for the port.')
  if (/^[\dxa-f.]+$/i.test(text)) {
    return wrong('That number is not an address. Write four decimal numbers, such as 203.0.113.7, or a name.')
  }
  return wrong('That is not a host. Enter a name such as db.example.com, or an IP address.')
}

function parsePort(text: string): ParsedField {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) return wrong('Port is not a number from 1 to 65535. Enter the port of the server.')
  return right(String(port))
}

/** Certificates only, each readable: a private key pasted here by mistake must not be stored in the clear. */
function parsePem(text: string): ParsedField {
  if (text.includes('PRIVATE KEY')) {
    return wrong('This contains a private key. Paste only the certificate of the authority.')
  }
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  const readable = certificates.length > 0 && certificates.every(isCertificate)
  const rest = certificates.reduce((left, one) => left.replace(one, ''), text)
  if (!readable || rest.trim() !== '') {
    return wrong('This is not a PEM certificate. Paste all of it, from "-----BEGIN CERTIFICATE-----" to its end.')
  }
  return right(certificates.map((one) => one.replace(/\r\n?/g, '\n').trim()).join('\n'))
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem)
    return true
  } catch {
    return false
  }
}

function right(value: string): ParsedField {
  return { ok: true, value }
}

function wrong(error: string): ParsedField {
  return { ok: false, error }
}

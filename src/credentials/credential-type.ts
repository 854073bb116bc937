import type { FieldSpec } from '../connector/field-spec.ts'
import { Secret } from '../secrets/secret.ts'

/** Which fields a credential has. Form, parsing, sealing and documentation derive from them. */
export type CredentialType = {
  readonly id: string
  readonly label: string
  readonly fields: readonly FieldSpec[]
  /** The field shown in lists and facts as *Username*; null where the type has none. */
  readonly usernameField: string | null
}

/** What a form or an API body holds for one credential. */
export type TypedFields = {
  /** The value as typed, or undefined where the field is not there. */
  text(id: string): string | undefined
  /** True where the person ticked *Clear* beside an optional secret field. */
  cleared(id: string): boolean
}

export type ParsedFields =
  | { readonly ok: true; readonly fields: Readonly<Record<string, Secret>> }
  | { readonly ok: false; readonly errors: Readonly<Record<string, string>> }

/** Returns the fields of a new credential, or a sentence per field that is wrong. */
export function parseNewFields(type: CredentialType, typed: TypedFields): ParsedFields {
  return parse(type, typed, () => undefined)
}

/** Returns the fields of a new credential that came otherwise than by its form, judged by the same rules. */
export function parseGivenFields(type: CredentialType, given: Readonly<Record<string, Secret>>): ParsedFields {
  return parseNewFields(type, { text: (id) => given[id]?.expose().toString('utf8'), cleared: () => false })
}

/**
 * Returns the fields of a credential after an edit: a blank secret field keeps the present value, *Clear* drops it.
 * `present` is the opened current version.
 */
export function parseEditedFields(
  type: CredentialType,
  typed: TypedFields,
  present: Readonly<Record<string, Secret>>,
): ParsedFields {
  return parse(type, typed, (spec) => (typed.cleared(spec.id) ? undefined : present[spec.id]))
}

/** Reports whether an edit types any secret, clears one, or leaves everything sealed as it is (username aside). */
export function touchesSecrets(type: CredentialType, typed: TypedFields): boolean {
  return type.fields.some((spec) => spec.secret && ((typed.text(spec.id) ?? '') !== '' || typed.cleared(spec.id)))
}

/** Returns what the type calls *Username* in the clear, for display; null where it has none. */
export function usernameOf(type: CredentialType, fields: Readonly<Record<string, Secret>>): string | null {
  if (type.usernameField === null) return null
  return fields[type.usernameField]?.expose().toString('utf8') ?? null
}

function parse(type: CredentialType, typed: TypedFields, keep: (spec: FieldSpec) => Secret | undefined): ParsedFields {
  const fields: Record<string, Secret> = {}
  const errors: Record<string, string> = {}
  for (const spec of type.fields) {
    const value = spec.secret ? (typed.text(spec.id) ?? '') : (typed.text(spec.id) ?? '').trim()
    const kept = value === '' && spec.secret ? keep(spec) : undefined
    if (kept !== undefined) {
      fields[spec.id] = kept
      continue
    }
    const error = problem(spec, value)
    if (error !== undefined) errors[spec.id] = error
    else if (value !== '') fields[spec.id] = new Secret(value)
  }
  return Object.keys(errors).length === 0 ? { ok: true, fields } : { ok: false, errors }
}

function problem(spec: FieldSpec, value: string): string | undefined {
  if (value === '') return spec.required ? `Enter a ${spec.label.toLowerCase()}.` : undefined
  const length = spec.secret ? Buffer.byteLength(value) : [...value].length
  if (length > spec.maximumLength) {
    return `${spec.label} is longer than ${spec.maximumLength} ${spec.secret ? 'bytes' : 'characters'}. Shorten it.`
  }
  if (spec.secret && looksLikeMask(value)) {
    return `${spec.label} looks like a mask, not a value. Type the real one, or leave the field blank.`
  }
  // No client sends them: a NUL ends the text on the way, half a character becomes another one.
  if (/[\0\p{Cs}]/u.test(value)) return `${spec.label} contains a character that cannot be sent. Type it again.`
  if (!spec.secret && /[\p{Cc}\p{Cs}]/u.test(value)) return `${spec.label} contains a control character. Remove it.`
  return undefined
}

/** A client that reads a form and posts it back unchanged would send one of these; no one's secret is one. */
export function looksLikeMask(value: string): boolean {
  return (
    /^[*•●∙·⬤▪■]{3,}$/u.test(value) ||
    /^[[<({]?\s*(secret|redacted|hidden|masked|unchanged|encrypted|protected)\s*[\])}>]$/i.test(value)
  )
}

import type { FieldSpec } from '../connector/field-spec.ts'
import { Secret } from '../secrets/secret.ts'

/** Which fields a credential has. Form, parsing, sealing and documentation derive from them. */
export type CredentialType = {
  readonly id: string
  readonly label: string
  /** One line under the label where types are chosen from. */
  readonly summary: string
  readonly fields: readonly FieldSpec[]
  /** The field by which people know the account, shown in lists and facts; null where every field is a secret. */
  readonly usernameField: string | null
  /** Brings what was typed for a field into the form that is sealed; without one its exact text is. */
  readonly tidy?: Readonly<Record<string, (text: string) => string>>
  /**
   * Returns a sentence for each field that is wrong beyond what its spec says. `text` gives what is about to be sealed,
   * what an edit keeps included, and undefined for what is blank.
   */
  readonly check?: (text: (id: string) => string | undefined) => Readonly<Record<string, string>>
  /** Returns when what is sealed ends, for types whose secrets may say it themselves; null where this one does not. */
  readonly endsAt?: (text: (id: string) => string | undefined) => Date | null
}

/** What a form or an API body holds for one credential. */
export type TypedFields = {
  /** The value as typed, or undefined where the field is not there. */
  text(id: string): string | undefined
  /** True where the person ticked *Clear* beside an optional secret field. */
  cleared(id: string): boolean
  /** A sentence where what was sent for a field cannot be read, whatever it is: a file that is too large. */
  problem?(id: string): string | undefined
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
 * Returns the fields of a credential after an edit: a blank field keeps the present value, *Clear* drops it. Only the
 * username, which is shown, is what was typed.
 * `present` is the opened current version.
 */
export function parseEditedFields(
  type: CredentialType,
  typed: TypedFields,
  present: Readonly<Record<string, Secret>>,
): ParsedFields {
  return parse(type, typed, (spec) => (typed.cleared(spec.id) ? undefined : present[spec.id]))
}

/** Reports whether an edit types or clears anything that is sealed and not shown, so all but the username. */
export function touchesSecrets(type: CredentialType, typed: TypedFields): boolean {
  return type.fields.some((spec) => isHidden(type, spec) && isTouched(type, spec, typed))
}

/** Reports whether a field is never shown once it is stored: every one but the username, for all are sealed. */
export function isHidden(type: CredentialType, spec: FieldSpec): boolean {
  return spec.id !== type.usernameField
}

/** Returns what the type calls *Username* in the clear, for display; null where it has none. */
export function usernameOf(type: CredentialType, fields: Readonly<Record<string, Secret>>): string | null {
  if (type.usernameField === null) return null
  return fields[type.usernameField]?.expose().toString('utf8') ?? null
}

/** Returns when fields end by what they say themselves; null where they say nothing. Keeps nothing of them. */
export function endOf(type: CredentialType, fields: Readonly<Record<string, Secret>>): Date | null {
  return type.endsAt?.((id) => textOf(fields[id])) ?? null
}

function parse(type: CredentialType, typed: TypedFields, keep: (spec: FieldSpec) => Secret | undefined): ParsedFields {
  const fields: Record<string, Secret> = {}
  const errors: Record<string, string> = {}
  for (const spec of type.fields) {
    const value = typedValue(type, spec, typed)
    const kept = value === '' && isHidden(type, spec) ? keep(spec) : undefined
    const error = typed.problem?.(spec.id) ?? (kept === undefined ? problem(spec, value) : undefined)
    if (error !== undefined) errors[spec.id] = error
    else if (kept !== undefined) fields[spec.id] = kept
    else if (value !== '') fields[spec.id] = new Secret(value)
  }
  // What is kept whole was judged when it was stored, and is not for an edit of the name to fail on.
  const isNew = touchesSecrets(type, typed)
  if (isNew && Object.keys(errors).length === 0)
    Object.assign(
      errors,
      type.check?.((id) => textOf(fields[id])),
    )
  if (Object.keys(errors).length === 0) return { ok: true, fields }
  // What is kept is whoever opened it's to wipe.
  for (const spec of type.fields) if (fields[spec.id] !== keep(spec)) fields[spec.id]?.wipe()
  return { ok: false, errors }
}

function isTouched(type: CredentialType, spec: FieldSpec, typed: TypedFields): boolean {
  const isUnreadable = typed.problem?.(spec.id) !== undefined
  return isUnreadable || typed.cleared(spec.id) || typedValue(type, spec, typed) !== ''
}

function textOf(secret: Secret | undefined): string | undefined {
  return secret?.expose().toString('utf8')
}

function typedValue(type: CredentialType, spec: FieldSpec, typed: TypedFields): string {
  const text = typed.text(spec.id) ?? ''
  if (!spec.secret) return text.trim()
  return text === '' ? '' : (type.tidy?.[spec.id]?.(text) ?? text)
}

function problem(spec: FieldSpec, value: string): string | undefined {
  if (value === '') return spec.required ? `Enter ${articleFor(spec.label)} ${nameInSentence(spec.label)}.` : undefined
  const length = spec.secret ? Buffer.byteLength(value) : [...value].length
  if (length > spec.maximumLength) {
    return `${spec.label} is longer than ${spec.maximumLength} ${spec.secret ? 'bytes' : 'characters'}. Shorten it.`
  }
  if (spec.secret && looksLikeMask(value)) {
    const otherwise = spec.required ? '' : ', or leave the field blank'
    return `${spec.label} looks like a mask, not a value. Type the real one${otherwise}.`
  }
  // No client sends them: a NUL ends the text on the way, half a character becomes another one.
  if (/[\0\p{Cs}]/u.test(value)) return `${spec.label} contains a character that cannot be sent. Type it again.`
  if (!spec.secret && /[\p{Cc}\p{Cs}]/u.test(value)) return `${spec.label} contains a control character. Remove it.`
  return undefined
}

/** `Username` reads `username` in a sentence; `OAuth scopes` keeps its capitals. */
export function nameInSentence(label: string): string {
  return /^.[A-Z]/.test(label) ? label : `${label.charAt(0).toLowerCase()}${label.slice(1)}`
}

function articleFor(label: string): string {
  if (/s$/.test(label)) return 'the'
  return /^[AEIO]/.test(label) ? 'an' : 'a'
}

/** A client that reads a form and posts it back unchanged would send one of these; no one's secret is one. */
export function looksLikeMask(value: string): boolean {
  return (
    /^[*•●∙·⬤▪■]{3,}$/u.test(value) ||
    /^[[<({]?\s*(secret|redacted|hidden|masked|unchanged|encrypted|protected)\s*[\])}>]$/i.test(value)
  )
}

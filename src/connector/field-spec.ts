/**
 * One field that a person or an API client fills in: a parameter of a driver or a field of a credential type.
 * Forms, parsing, redaction and documentation derive from it.
 */
export type FieldSpec = {
  /** The name in forms, in stored parameters and in sealed payloads. */
  readonly id: string
  readonly label: string
  readonly hint?: string
  readonly kind: 'text' | 'number' | 'choice' | 'multiline'
  /** What else the value must be; `parseParameters` enforces it. */
  readonly format?: 'host' | 'port' | 'pem'
  /** True where the value is sealed and write-only: always rendered empty, and a blank keeps it. */
  readonly secret: boolean
  readonly required: boolean
  readonly choices?: readonly { readonly value: string; readonly label: string; readonly warning?: string }[]
  /** What is used when left blank. Never for a secret field. */
  readonly fallback?: string
  /** In characters; for a secret field in bytes of UTF-8. */
  readonly maximumLength: number
  /** The least and the greatest number that is taken, where `kind` is `number`. */
  readonly range?: readonly [least: number, greatest: number]
  /** Shown under "More settings". */
  readonly advanced?: boolean
  /** Offered under **Add parameter**, and not shown until it was added or has a value. Never required, without fallback. */
  readonly offered?: boolean
}

import { described, FieldFrame, type FieldProps, fieldId } from './field-frame.tsx'

/** What a secret field takes. There is no value among it: a secret field is always rendered empty. */
export type SecretFieldProps = FieldProps & {
  readonly multiline?: boolean
  readonly optional?: boolean
  readonly autofocus?: boolean
  readonly maximumLength?: number
  /** `new-password` stops browsers from filling in what they know; the sign-in form has `current-password`. */
  readonly autocomplete?: 'new-password' | 'current-password' | 'off'
  /** True where one is stored already: leaving this blank keeps it. */
  readonly stored?: boolean
  /** The name of a checkbox **Clear** that removes what is stored, where the field is optional. */
  readonly clearName?: string
}

/** A sealed, write-only field: password, key, token. */
export function SecretField(props: SecretFieldProps) {
  const keep = props.stored ? `${fieldId(props.name)}-keep` : null
  return (
    <FieldFrame {...props} optional={(props.optional ?? false) && !props.stored}>
      {keep === null ? null : (
        <p class="hint" id={keep}>
          Leave blank to keep the one that is stored.
        </p>
      )}
      <SecretInput {...props} keep={keep} />
      {props.stored && props.clearName !== undefined ? <Clear name={props.clearName} label={props.label} /> : null}
    </FieldFrame>
  )
}

function SecretInput(props: SecretFieldProps & { keep: string | null }) {
  const common = {
    id: fieldId(props.name),
    name: props.name,
    maxlength: props.maximumLength,
    autocapitalize: 'none' as const,
    spellcheck: false,
    autofocus: props.autofocus ?? false,
    ...described(props, props.keep),
  }
  if (props.multiline) return <textarea {...common} class="monospace" rows={6} autocomplete="off" />
  return <input {...common} type="password" autocomplete={props.autocomplete ?? 'new-password'} />
}

function Clear(props: { name: string; label: string }) {
  return (
    <div class="choice">
      <input type="checkbox" id={fieldId(props.name)} name={props.name} value="on" />
      <label for={fieldId(props.name)}>
        Clear <span class="visually-hidden">{props.label}</span>
      </label>
    </div>
  )
}

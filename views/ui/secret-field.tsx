import { described, FieldFrame, type FieldProps, fieldId } from './field-frame.tsx'
import { Clear, KeepHint, keepId } from './kept-field.tsx'

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
  /** The name under which a file may be chosen instead. The form must then be `multipart/form-data`. */
  readonly fileName?: string
  /** The name of a checkbox **Clear** that removes what is stored, where the field is optional. */
  readonly clearName?: string
}

/** A sealed, write-only field: password, key, token. */
export function SecretField(props: SecretFieldProps) {
  const keep = props.stored ? keepId(props.name) : null
  return (
    <FieldFrame {...props} optional={(props.optional ?? false) && !props.stored}>
      {keep === null ? null : <KeepHint name={props.name} />}
      <SecretInput {...props} keep={keep} />
      {props.fileName === undefined ? null : <FileInput name={props.fileName} label={props.label} />}
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

/** Beside the text, for who has the key as a file. Nothing reads it before the form is sent. */
function FileInput(props: { name: string; label: string }) {
  return (
    <div class="field-file">
      <label for={fieldId(props.name)}>
        Or choose a file <span class="visually-hidden">with the {props.label}</span>
      </label>
      <input type="file" id={fieldId(props.name)} name={props.name} />
    </div>
  )
}

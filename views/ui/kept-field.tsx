import { described, FieldFrame, type FieldProps, fieldId } from './field-frame.tsx'

/** A field whose stored text is sealed and not shown, though it is no secret: blank keeps it. */
export function KeptField(
  props: FieldProps & {
    /** What was typed, where the form comes back. */
    readonly value?: string | undefined
    readonly maximumLength?: number
    readonly autofocus?: boolean
    /** The name of a checkbox **Clear** that removes what is stored, where the field is optional. */
    readonly clearName?: string
  },
) {
  return (
    <FieldFrame {...props} optional={false}>
      <KeepHint name={props.name} />
      <input
        id={fieldId(props.name)}
        name={props.name}
        type="text"
        value={props.value ?? ''}
        maxlength={props.maximumLength}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        autofocus={props.autofocus ?? false}
        {...described(props, keepId(props.name))}
      />
      {props.clearName === undefined ? null : <Clear name={props.clearName} label={props.label} />}
    </FieldFrame>
  )
}

/** The id of the line that says so, for `aria-describedby`. */
export function keepId(name: string): string {
  return `${fieldId(name)}-keep`
}

/** The line that says what a blank field does. */
export function KeepHint(props: { name: string }) {
  return (
    <p class="hint" id={keepId(props.name)}>
      Leave blank to keep the one that is stored.
    </p>
  )
}

/** The checkbox that removes what is stored. */
export function Clear(props: { name: string; label: string }) {
  return (
    <div class="choice">
      <input type="checkbox" id={fieldId(props.name)} name={props.name} value="on" />
      <label for={fieldId(props.name)}>
        Clear <span class="visually-hidden">{props.label}</span>
      </label>
    </div>
  )
}

import type { Child } from 'hono/jsx'

/** What every kind of field has. */
export type FieldProps = {
  /** The name that is posted. One field of a page per name, since ids derive from it. */
  readonly name: string
  readonly label: string
  readonly hint?: Child
  readonly error?: string | null | undefined
}

/** The id of the input of a field, for links from the error summary. Of radio buttons, the first has it. */
export function fieldId(name: string): string {
  return `field-${name}`
}

/** The attributes that tie an input to its hint and its error. */
export function described(props: FieldProps, extra: string | null = null) {
  const ids = [
    props.hint ? `${fieldId(props.name)}-hint` : null,
    extra,
    props.error ? `${fieldId(props.name)}-error` : null,
  ].filter((id) => id !== null)
  return {
    'aria-describedby': ids.length > 0 ? ids.join(' ') : undefined,
    'aria-invalid': props.error ? ('true' as const) : undefined,
  }
}

/** The lines between a label and its input. */
export function HintAndError(props: FieldProps) {
  return (
    <>
      {props.hint ? (
        <p class="hint" id={`${fieldId(props.name)}-hint`}>
          {props.hint}
        </p>
      ) : null}
      {props.error ? (
        <p class="field-error" id={`${fieldId(props.name)}-error`}>
          <span class="visually-hidden">Error: </span>
          {props.error}
        </p>
      ) : null}
    </>
  )
}

/** A label, hint and error around one input, in that order. */
export function FieldFrame(props: FieldProps & { optional?: boolean; children: Child }) {
  return (
    <div class={props.error ? 'field field-refused' : 'field'}>
      <label for={fieldId(props.name)}>
        {props.label}
        {props.optional ? <span class="optional"> (optional)</span> : null}
      </label>
      <HintAndError {...props} />
      {props.children}
    </div>
  )
}

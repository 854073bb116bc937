import { described, FieldFrame, type FieldProps, fieldId } from './field-frame.tsx'

/** What a text field takes. `width` is what the content needs, not what the page has. */
export type TextFieldProps = FieldProps & {
  readonly value?: string | undefined
  readonly type?: 'text' | 'email' | 'search' | 'url' | 'date' | 'datetime-local'
  /** Of the `autocomplete` attribute. `off` unless told. */
  readonly autocomplete?: string
  readonly inputMode?: 'numeric' | 'text'
  readonly multiline?: boolean
  readonly rows?: number
  readonly width?: 'short' | 'full'
  readonly maximumLength?: number
  readonly optional?: boolean
  readonly autofocus?: boolean
  readonly monospace?: boolean
}

/** One line of text, or several. Never for secrets: those are `SecretField`. */
export function TextField(props: TextFieldProps) {
  return <FieldFrame {...props}>{props.multiline ? <Lines {...props} /> : <Line {...props} />}</FieldFrame>
}

function Line(props: TextFieldProps) {
  return (
    <input
      id={fieldId(props.name)}
      name={props.name}
      type={props.type ?? 'text'}
      value={props.value ?? ''}
      class={classes(props)}
      maxlength={props.maximumLength}
      inputmode={props.inputMode}
      autocomplete={props.autocomplete ?? 'off'}
      autocapitalize="none"
      spellcheck={false}
      autofocus={props.autofocus ?? false}
      {...described(props)}
    />
  )
}

function Lines(props: TextFieldProps) {
  return (
    <textarea
      id={fieldId(props.name)}
      name={props.name}
      rows={props.rows ?? 6}
      class={classes(props)}
      maxlength={props.maximumLength}
      autocomplete="off"
      autocapitalize="none"
      spellcheck={false}
      autofocus={props.autofocus ?? false}
      {...described(props)}
    >
      {/* A parser drops the first line break of a textarea; this one is for it. */}
      {`\n${props.value ?? ''}`}
    </textarea>
  )
}

function classes(props: TextFieldProps): string | undefined {
  const names = [props.width === 'short' ? 'short' : null, props.monospace ? 'monospace' : null].filter(Boolean)
  return names.length > 0 ? names.join(' ') : undefined
}

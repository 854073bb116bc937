import type { Child } from 'hono/jsx'
import { described, type FieldProps, fieldId, HintAndError } from './field-frame.tsx'

/** One radio button. A warning is said under it, whether chosen or not. */
export type RadioOption = {
  readonly value: string
  readonly label: Child
  readonly hint?: Child
  readonly warning?: string | undefined
}

/** A choice out of few, all of them visible. */
export function RadioField(props: FieldProps & { options: readonly RadioOption[]; value?: string | undefined }) {
  return (
    <fieldset class={props.error ? 'field field-refused' : 'field'} {...described(props)}>
      <legend>{props.label}</legend>
      <HintAndError {...props} />
      {props.options.map((option, index) => (
        <Radio
          name={props.name}
          id={index === 0 ? fieldId(props.name) : `${fieldId(props.name)}-${index}`}
          option={option}
          checked={option.value === props.value}
        />
      ))}
    </fieldset>
  )
}

function Radio(props: { name: string; id: string; option: RadioOption; checked: boolean }) {
  const { option, id } = props
  const lines = [option.hint ? `${id}-note` : null, option.warning ? `${id}-warning` : null].filter(Boolean)
  return (
    <div class="choice">
      <input
        type="radio"
        id={id}
        name={props.name}
        value={option.value}
        checked={props.checked}
        aria-describedby={lines.length > 0 ? lines.join(' ') : undefined}
      />
      <label for={id}>{option.label}</label>
      {option.hint ? (
        <p class="hint" id={`${id}-note`}>
          {option.hint}
        </p>
      ) : null}
      {option.warning ? (
        <p class="warning-line" id={`${id}-warning`}>
          {option.warning}
        </p>
      ) : null}
    </div>
  )
}

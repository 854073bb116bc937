import { described, type FieldProps, fieldId, HintAndError } from './field-frame.tsx'

/** One checkbox. It posts `value`, or `on`, when checked and nothing otherwise. */
export function CheckboxField(props: FieldProps & { value?: string; checked?: boolean }) {
  return (
    <div class={props.error ? 'field field-refused' : 'field'}>
      <div class="choice">
        <input
          type="checkbox"
          id={fieldId(props.name)}
          name={props.name}
          value={props.value ?? 'on'}
          checked={props.checked ?? false}
          {...described(props)}
        />
        <label for={fieldId(props.name)}>{props.label}</label>
        <HintAndError {...props} />
      </div>
    </div>
  )
}

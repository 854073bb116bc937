import { described, FieldFrame, type FieldProps, fieldId } from './field-frame.tsx'

/** One entry of a choice. */
export type Option = { readonly value: string; readonly label: string }

/** A choice out of many, as a native select. */
export function SelectField(
  props: FieldProps & { options: readonly Option[]; value?: string | undefined; optional?: boolean },
) {
  return (
    <FieldFrame {...props}>
      <select id={fieldId(props.name)} name={props.name} {...described(props)}>
        {props.options.map((option) => (
          <option value={option.value} selected={option.value === props.value}>
            {option.label}
          </option>
        ))}
      </select>
    </FieldFrame>
  )
}

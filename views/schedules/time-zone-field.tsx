import { described, FieldFrame, type FieldProps, fieldId } from '../ui/field-frame.tsx'

/** A time zone by its name, with all there are as suggestions. app.js fills in the browser's own where `own` is true. */
export function TimeZoneField(props: FieldProps & { value: string; zones: readonly string[]; own: boolean }) {
  const list = `${fieldId(props.name)}-list`
  return (
    <FieldFrame {...props}>
      <input
        id={fieldId(props.name)}
        name={props.name}
        type="text"
        list={list}
        value={props.value}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        data-own-zone={props.own ? '' : undefined}
        {...described(props)}
      />
      <datalist id={list}>
        {props.zones.map((zone) => (
          <option value={zone} />
        ))}
      </datalist>
    </FieldFrame>
  )
}

import type { Driver } from '../../src/connector/driver.ts'
import type { FieldSpec } from '../../src/connector/field-spec.ts'
import { Button } from '../ui/button.tsx'
import type { FormError } from '../ui/error-summary.tsx'
import { SelectField } from '../ui/select-field.tsx'
import { SpecFields } from '../ui/spec-field.tsx'
import { TextField } from '../ui/text-field.tsx'

/** What a connection form holds, as typed or as stored. */
export type ConnectionForm = {
  readonly name: string
  readonly values: Readonly<Record<string, string>>
  readonly errors?: Readonly<Record<string, string>>
  /** The parameter that was added just now, which gets the focus. */
  readonly added?: string
}

/** The name with the driver's parameters. */
export function ConnectionFields(props: { driver: Driver; form: ConnectionForm }) {
  const { driver, form } = props
  return (
    <>
      <TextField
        name="name"
        label="Connection name"
        value={form.name}
        error={form.errors?.name}
        maximumLength={100}
        autofocus={form.errors === undefined && form.added === undefined}
      />
      <SpecFields
        specs={driver.parameters.filter((spec) => !isHidden(spec, form))}
        values={form.values}
        errors={form.errors ?? {}}
        autofocus={form.added}
      />
    </>
  )
}

/** Chooses a parameter that is not shown yet. Its button sends the form as it is typed, and the form comes back with it. */
export function AddParameter(props: { driver: Driver; form: ConnectionForm }) {
  const hidden = props.driver.parameters.filter((spec) => isHidden(spec, props.form))
  if (hidden.length === 0) return null
  return (
    <div class="add-parameter">
      <SelectField
        name="parameter"
        label="Other parameters"
        hint="A parameter that was added is removed again by clearing it."
        options={hidden.map(({ id, label }) => ({ value: id, label }))}
      />
      <Button variant="secondary" name="intent" value="add-parameter">
        Add parameter
      </Button>
    </div>
  )
}

/** A parameter that is only offered is shown once it has been added, with a value or not yet. */
function isHidden(spec: FieldSpec, form: ConnectionForm): boolean {
  return spec.offered === true && !Object.hasOwn(form.values, spec.id)
}

/** The problems of a connection form for its summary, in the order of its fields. */
export function connectionErrors(driver: Driver, form: ConnectionForm): readonly FormError[] {
  const order = ['name', ...driver.parameters.map((spec) => spec.id)]
  return order.flatMap((field) => {
    const message = form.errors?.[field]
    return message === undefined ? [] : [{ field, message }]
  })
}

import type { Driver } from '../../src/connector/driver.ts'
import type { FormError } from '../ui/error-summary.tsx'
import { SpecFields } from '../ui/spec-field.tsx'
import { TextField } from '../ui/text-field.tsx'

/** What a connection form holds, as typed or as stored. */
export type ConnectionForm = {
  readonly name: string
  readonly values: Readonly<Record<string, string>>
  readonly errors?: Readonly<Record<string, string>>
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
        autofocus={form.errors === undefined}
      />
      <SpecFields specs={driver.parameters} values={form.values} errors={form.errors ?? {}} />
    </>
  )
}

/** The problems of a connection form for its summary, in the order of its fields. */
export function connectionErrors(driver: Driver, form: ConnectionForm): readonly FormError[] {
  const order = ['name', ...driver.parameters.map((spec) => spec.id)]
  return order.flatMap((field) => {
    const message = form.errors?.[field]
    return message === undefined ? [] : [{ field, message }]
  })
}

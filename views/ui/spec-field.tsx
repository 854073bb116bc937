import type { FieldSpec } from '../../src/connector/field-spec.ts'
import { KeptField } from './kept-field.tsx'
import { RadioField } from './radio-field.tsx'
import { SecretField } from './secret-field.tsx'
import { SelectField } from './select-field.tsx'
import { TextField } from './text-field.tsx'

/** What is needed to render fields from their specs. Names posted are `prefix` + the spec's id. */
export type SpecFieldProps = {
  readonly prefix?: string
  /** What was typed or is stored, by spec id. Ignored for secret fields. */
  readonly values?: Readonly<Record<string, string | undefined>>
  /** Sentences by spec id. */
  readonly errors?: Readonly<Record<string, string | undefined>>
  /** Ids of the fields that have something stored which is not shown: blank keeps it, an optional one gets **Clear**. */
  readonly stored?: readonly string[]
  /** The spec id of the field that has the focus when the page opens. */
  readonly autofocus?: string | undefined
}

/** All fields of a driver or a credential type; advanced ones are folded under "More settings". */
export function SpecFields(props: SpecFieldProps & { specs: readonly FieldSpec[] }) {
  const { specs, ...rest } = props
  const advanced = specs.filter((spec) => spec.advanced)
  return (
    <>
      {specs
        .filter((spec) => !spec.advanced)
        .map((spec) => (
          <SpecField {...rest} spec={spec} />
        ))}
      {advanced.length > 0 ? (
        <details class="more" open={advanced.some((spec) => props.errors?.[spec.id] !== undefined)}>
          <summary>More settings</summary>
          {advanced.map((spec) => (
            <SpecField {...rest} spec={spec} />
          ))}
        </details>
      ) : null}
    </>
  )
}

/** One field as its spec says. A secret is always empty; what clears it is named `clear-` + the field's name. */
export function SpecField(props: SpecFieldProps & { spec: FieldSpec }) {
  const { spec } = props
  const name = `${props.prefix ?? ''}${spec.id}`
  const common = {
    name,
    label: spec.label,
    error: props.errors?.[spec.id],
    autofocus: props.autofocus === spec.id,
    optional: !spec.required && spec.fallback === undefined,
    ...(spec.hint === undefined ? {} : { hint: spec.hint }),
  }
  if (spec.secret) return <Sealed {...common} spec={spec} stored={props.stored?.includes(spec.id) ?? false} />
  const value = props.values?.[spec.id] ?? spec.fallback
  if (props.stored?.includes(spec.id)) return <Hidden {...common} spec={spec} value={props.values?.[spec.id]} />
  if (spec.kind === 'choice') return <Choice {...common} spec={spec} value={value} />
  return (
    <TextField
      {...common}
      value={value}
      maximumLength={spec.maximumLength}
      multiline={spec.kind === 'multiline'}
      monospace={spec.kind === 'multiline'}
      {...(spec.kind === 'number' ? ({ inputMode: 'numeric', width: 'short' } as const) : {})}
    />
  )
}

type Common = {
  name: string
  label: string
  error: string | undefined
  hint?: string
  optional: boolean
  autofocus: boolean
}

function Sealed(props: Common & { spec: FieldSpec; stored: boolean }) {
  const { spec, ...common } = props
  const clear = spec.required ? {} : { clearName: `clear-${common.name}` }
  const file = spec.kind === 'multiline' ? { multiline: true, fileName: `file-${common.name}` } : {}
  return <SecretField {...common} {...file} {...clear} />
}

/** What is no secret but stored among secrets, so that it cannot be shown either. */
function Hidden(props: Common & { spec: FieldSpec; value: string | undefined }) {
  const { spec, ...common } = props
  const clear = spec.required ? {} : { clearName: `clear-${common.name}` }
  return <KeptField {...common} {...clear} maximumLength={spec.maximumLength} value={props.value} />
}

function Choice(props: Common & { spec: FieldSpec; value: string | undefined }) {
  const { spec, ...common } = props
  const choices = spec.choices ?? []
  const few = choices.length <= 4
  return few ? <RadioField {...common} options={choices} /> : <SelectField {...common} options={choices} />
}

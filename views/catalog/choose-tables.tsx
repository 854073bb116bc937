import type { ChosenTable } from '../../src/catalog/basket.ts'
import type { TableEntry } from '../../src/connector/driver.ts'
import { EmptyState } from '../ui/empty-state.tsx'
import { fieldId } from '../ui/field-frame.tsx'
import { encodeTable } from './table-value.ts'

/** The schemas that the account may see, each a button that shows its tables. */
export function ChooseSchema(props: { schemas: readonly string[] }) {
  if (props.schemas.length === 0) {
    return (
      <EmptyState title="No schemas">
        This account sees no schema here. Choose another account, or ask the owner of the data store for access.
      </EmptyState>
    )
  }
  return (
    <div class="account-picker">
      <ul aria-label="Schemas">
        {props.schemas.map((schema) => (
          <li>
            <button type="submit" class="account" name="open" value={schema}>
              <span class="account-name">{schema}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** The tables of one schema, to be ticked. */
export function ChooseTables(props: {
  schema: string
  tables: readonly TableEntry[]
  chosen: readonly ChosenTable[]
  error: string | undefined
}) {
  const { schema, tables } = props
  if (tables.length === 0) {
    return (
      <EmptyState title={`No tables in ${schema}`}>
        This account can read no table of this schema. Choose another schema or another account.
      </EmptyState>
    )
  }
  const chosen = new Set(props.chosen.map(encodeTable))
  const entries = tables.map((table) => ({
    value: encodeTable({ schema: table.schema, table: table.name }),
    label: table.name,
    note: table.type === 'view' ? 'view' : null,
  }))
  return (
    <Checkboxes legend={`Tables in ${schema}`} entries={entries} chosen={chosen} first="item" error={props.error} />
  )
}

/** Tables that were ticked before; unticking one takes it out. */
export function ChosenTables(props: { tables: readonly ChosenTable[]; label: string; error: string | undefined }) {
  if (props.tables.length === 0) return null
  const entries = props.tables.map((table) => ({
    value: encodeTable(table),
    label: `${table.schema}.${table.table}`,
    note: null,
  }))
  const chosen = new Set(entries.map((entry) => entry.value))
  return <Checkboxes legend={props.label} entries={entries} chosen={chosen} first="chosen" error={props.error} />
}

type Entry = { readonly value: string; readonly label: string; readonly note: string | null }

function Checkboxes(props: {
  legend: string
  entries: readonly Entry[]
  chosen: ReadonlySet<string>
  first: string
  error: string | undefined
}) {
  const { entries, chosen, error } = props
  const id = (index: number) => (index === 0 ? fieldId(props.first) : `${fieldId(props.first)}-${index}`)
  return (
    <fieldset
      class={error ? 'field field-refused' : 'field'}
      aria-describedby={error ? `${fieldId(props.first)}-error` : undefined}
    >
      <legend>{props.legend}</legend>
      {error ? (
        <p class="field-error" id={`${fieldId(props.first)}-error`}>
          <span class="visually-hidden">Error: </span>
          {error}
        </p>
      ) : null}
      {entries.map((entry, index) => (
        <div class="choice">
          <input type="checkbox" id={id(index)} name="item" value={entry.value} checked={chosen.has(entry.value)} />
          <label for={id(index)}>
            {entry.label}
            {entry.note === null ? null : <span class="muted"> ({entry.note})</span>}
          </label>
        </div>
      ))}
    </fieldset>
  )
}

import type { Child } from 'hono/jsx'
import { Table } from '../ui/table.tsx'

/** Rows as a data store or a snapshot gave them. */
export type RowsProps = {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly rows: readonly (readonly (string | null)[])[]
}

const numeric = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL.*)$/

/** A table of data. NULL is a word in grey; an empty string is an empty cell; control characters are made visible. */
export function RowsTable(props: RowsProps & { caption: string }) {
  return (
    <Table
      caption={props.caption}
      captionHidden
      rowHeaders={false}
      columns={props.columns.map(({ name, type }) => ({ label: visible(name), numeric: numeric.test(type) }))}
      rows={props.rows.map((row) => row.map(cell))}
    />
  )
}

function cell(value: string | null): Child {
  return value === null ? <span class="muted">NULL</span> : visible(value)
}

/** Replaces control characters, lone surrogates and direction overrides, none of which a page can show. */
export function visible(text: string): string {
  return text.replace(/[\p{Cs}\u202a-\u202e\u2066-\u2069]|(?![\n\t])\p{Cc}/gu, '\u{fffd}')
}

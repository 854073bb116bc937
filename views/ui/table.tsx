import type { Child } from 'hono/jsx'

/** A column's heading. `hiddenLabel` is for columns of buttons: it is read out and not shown. */
export type TableColumn = { readonly label: string; readonly numeric?: boolean; readonly hiddenLabel?: boolean }

type TableProps = {
  /** Says what the table holds; also the name of the region that scrolls. */
  readonly caption: string
  readonly captionHidden?: boolean
  readonly columns: readonly TableColumn[]
  /** Cells by row, as many as there are columns. */
  readonly rows: readonly (readonly Child[])[]
  /** False where the first cell does not name its row, as in a preview of data. */
  readonly rowHeaders?: boolean
}

/**
 * A table. Where the screen is narrow each row that has a name becomes a card, its cells one under the other with their
 * headings; rows without names keep their columns and scroll, and the keyboard can reach and scroll them.
 */
export function Table(props: TableProps) {
  const { columns, rowHeaders = true } = props
  // Of two columns the second needs no heading beside the name.
  const labelled = rowHeaders && columns.length > 2
  return (
    <section class={rowHeaders ? 'table-scroll stacks' : 'table-scroll'} aria-label={props.caption} tabindex={0}>
      <table>
        <caption class={props.captionHidden ? 'visually-hidden' : undefined}>{props.caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th scope="col" class={column.numeric ? 'numeric' : undefined}>
                {column.hiddenLabel ? <span class="visually-hidden">{column.label}</span> : column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => (
            <tr>
              {row.map((cell, index) => (
                <Cell heading={index === 0 && rowHeaders} column={columns[index]} labelled={labelled}>
                  {cell}
                </Cell>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Cell(props: { heading: boolean; column: TableColumn | undefined; labelled: boolean; children?: Child }) {
  const { column } = props
  const style = column?.numeric ? 'numeric' : undefined
  if (props.heading) {
    // A number alone says too little: "Version 2".
    return (
      <th scope="row" class={style} data-label={column?.numeric ? column.label : undefined}>
        {props.children}
      </th>
    )
  }
  return (
    <td class={style} data-label={props.labelled && !column?.hiddenLabel ? column?.label : undefined}>
      {props.children}
    </td>
  )
}

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

/** A table that scrolls by itself where the screen is narrow; the keyboard can reach and scroll it. */
export function Table(props: TableProps) {
  return (
    <section class="table-scroll" aria-label={props.caption} tabindex={0}>
      <table>
        <caption class={props.captionHidden ? 'visually-hidden' : undefined}>{props.caption}</caption>
        <thead>
          <tr>
            {props.columns.map((column) => (
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
                <Cell
                  heading={index === 0 && props.rowHeaders !== false}
                  numeric={props.columns[index]?.numeric ?? false}
                >
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

function Cell(props: { heading: boolean; numeric: boolean; children?: Child }) {
  const style = props.numeric ? 'numeric' : undefined
  if (!props.heading) return <td class={style}>{props.children}</td>
  return (
    <th scope="row" class={style}>
      {props.children}
    </th>
  )
}

import type { DatasetColumn } from '../../src/catalog/queries.ts'
import { visible } from './rows.tsx'

/** How the columns of one version differ from another's. */
export type DriftProps = {
  readonly added: readonly DatasetColumn[]
  readonly removed: readonly DatasetColumn[]
  readonly changed: readonly { readonly name: string; readonly from: string; readonly to: string }[]
}

/** Returns for example "2 columns added, 1 gone, 1 of another type". */
export function driftInWords({ added, removed, changed }: DriftProps): string {
  const parts = [
    added.length === 0 ? null : `${added.length} added`,
    removed.length === 0 ? null : `${removed.length} gone`,
    changed.length === 0 ? null : `${changed.length} of another type`,
  ].filter((part) => part !== null)
  return `Columns: ${parts.join(', ')}`
}

/** Each column that differs, in a line. */
export function DriftList(props: { drift: DriftProps }) {
  const { added, removed, changed } = props.drift
  return (
    <ul>
      {added.map(({ name, type }) => (
        <li>
          Added: {visible(name)} <code>{type}</code>
        </li>
      ))}
      {removed.map(({ name, type }) => (
        <li>
          Gone: {visible(name)} <code>{type}</code>
        </li>
      ))}
      {changed.map(({ name, from, to }) => (
        <li>
          Another type: {visible(name)}, <code>{from}</code> before and <code>{to}</code> now
        </li>
      ))}
    </ul>
  )
}

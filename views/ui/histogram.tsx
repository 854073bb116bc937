import { Table } from './table.tsx'

/** Bars from the least value to the greatest. `edges` has one more than `counts`: where the first begins and each ends. */
export type HistogramProps = {
  /** Of what, for those who hear it. */
  readonly label: string
  readonly edges: readonly string[]
  readonly counts: readonly number[]
}

const barWidth = 10
const step = 12
const height = 48

/** How values are spread, as a picture made on the server, with the same in a table for those who cannot see it. */
export function Histogram(props: HistogramProps) {
  const { label, edges, counts } = props
  const most = Math.max(1, ...counts)
  const [first = '', last = ''] = [edges[0], edges.at(-1)]
  return (
    <figure class="histogram">
      <svg
        role="img"
        aria-label={`Histogram of ${label}, from ${first} to ${last}. The table below it has the numbers.`}
        viewBox={`0 0 ${counts.length * step} ${height}`}
        preserveAspectRatio="none"
      >
        {counts.map((count, index) => (
          <rect x={index * step} y={height - tall(count, most)} width={barWidth} height={tall(count, most)}>
            <title>{`${edges[index]} to ${edges[index + 1]}: ${inWords(count)}`}</title>
          </rect>
        ))}
      </svg>
      <figcaption>
        <span>{first}</span>
        <span>{last}</span>
      </figcaption>
      <details>
        <summary>
          Numbers<span class="visually-hidden"> of the histogram of {label}</span>
        </summary>
        <Table
          caption={`Histogram of ${label}`}
          captionHidden
          columns={[{ label: 'From' }, { label: 'To' }, { label: 'Rows', numeric: true }]}
          rows={counts.map((count, index) => [edges[index] ?? '', edges[index + 1] ?? '', count.toLocaleString('en')])}
        />
      </details>
    </figure>
  )
}

/** Whatever is there can be seen. */
function tall(count: number, most: number): number {
  return count === 0 ? 0 : Math.max(1, Math.round((count / most) * height))
}

function inWords(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'row' : 'rows'}`
}

/** Ways to the next and previous page of a list; null where there is none. Renders nothing when there is one page. */
export function Pagination(props: { label: string; previous: string | null; next: string | null; summary?: string }) {
  if (props.previous === null && props.next === null) return null
  return (
    <nav class="pagination" aria-label={props.label}>
      {props.previous === null ? (
        <span />
      ) : (
        <a href={props.previous} rel="prev">
          ← Previous
        </a>
      )}
      {props.summary === undefined ? null : <span class="pagination-summary">{props.summary}</span>}
      {props.next === null ? (
        <span />
      ) : (
        <a href={props.next} rel="next">
          Next →
        </a>
      )}
    </nav>
  )
}

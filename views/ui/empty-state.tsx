import type { Child } from 'hono/jsx'

/** What is said where nothing is yet, with the one next step. */
export function EmptyState(props: { title: string; children?: Child; action?: Child; level?: 2 | 3 }) {
  return (
    <div class="empty-state">
      {props.level === 3 ? <h3>{props.title}</h3> : <h2>{props.title}</h2>}
      {props.children ? <p>{props.children}</p> : null}
      {props.action}
    </div>
  )
}

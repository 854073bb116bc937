import type { Child } from 'hono/jsx'

/** The `<title>` of a page. It belongs in the view, not in the document: htmx reads it from a bare view as well. */
export function Title(props: { children: Child; error?: boolean }) {
  return (
    <title>
      {props.error ? 'Error: ' : ''}
      {props.children} · Keyward
    </title>
  )
}

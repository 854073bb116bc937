import type { Child } from 'hono/jsx'
import type { Tone } from './badge.tsx'

/** A paragraph that must not be overlooked, in the flow of a page. */
export function Notice(props: { children: Child; tone?: Tone; title?: string }) {
  return (
    <div class={`notice notice-${props.tone ?? 'neutral'}`}>
      {props.title === undefined ? null : <strong>{props.title}</strong>}
      <div>{props.children}</div>
    </div>
  )
}

import type { Child } from 'hono/jsx'

/** The colours that mean something. Each always comes with words that say the same. */
export type Tone = 'neutral' | 'accent' | 'success' | 'warning' | 'danger'

/** A word or two about the state of a thing. */
export function Badge(props: { children: Child; tone?: Tone }) {
  return <span class={`badge badge-${props.tone ?? 'neutral'}`}>{props.children}</span>
}

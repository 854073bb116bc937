import type { Child } from 'hono/jsx'

/** A label with what is so. */
export type Fact = { readonly label: string; readonly value: Child }

/** Labelled facts, in order; null entries are left out. */
export function Facts(props: { facts: readonly (Fact | null)[] }) {
  return (
    <dl class="facts">
      {props.facts
        .filter((fact) => fact !== null)
        .map((fact) => (
          <div>
            <dt>{fact.label}</dt>
            <dd>{fact.value}</dd>
          </div>
        ))}
    </dl>
  )
}

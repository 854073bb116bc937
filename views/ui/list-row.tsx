import type { Child } from 'hono/jsx'

/** The list of a left panel. The arrow keys move along it. */
export function PanelList(props: { label: string; children: Child }) {
  return (
    <ul class="panel-list" aria-label={props.label} data-panel="">
      {props.children}
    </ul>
  )
}

/** A checkbox in front of a row: it posts `value` when checked. `label` says what it selects. */
export type RowChoice = {
  readonly name: string
  readonly value: string
  readonly checked: boolean
  readonly label: string
}

/**
 * One row of a left panel: a name that opens the detail, what it is, and badges where something needs attention. With a
 * choice it has a checkbox, which Space on the row toggles too.
 */
export function ListRow(props: {
  href: string
  name: string
  selected?: boolean
  meta?: Child
  badges?: Child
  choice?: RowChoice | undefined
}) {
  const { choice } = props
  return (
    <li class={choice === undefined ? 'list-row' : 'list-row list-row-choice'}>
      {choice === undefined ? null : (
        <input
          type="checkbox"
          name={choice.name}
          value={choice.value}
          checked={choice.checked}
          aria-label={choice.label}
        />
      )}
      <a href={props.href} aria-current={props.selected ? 'true' : undefined}>
        <span class="list-row-name">{props.name}</span>
        {props.meta ? <span class="list-row-meta">{props.meta}</span> : null}
        {props.badges ? <span class="list-row-badges">{props.badges}</span> : null}
      </a>
    </li>
  )
}

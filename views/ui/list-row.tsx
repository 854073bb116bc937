import type { Child } from 'hono/jsx'

/** The list of a left panel. The arrow keys move along it. */
export function PanelList(props: { label: string; children: Child }) {
  return (
    <ul class="panel-list" aria-label={props.label} data-panel="">
      {props.children}
    </ul>
  )
}

/** One row of a left panel: a name that opens the detail, what it is, and badges where something needs attention. */
export function ListRow(props: { href: string; name: string; selected?: boolean; meta?: Child; badges?: Child }) {
  return (
    <li class="list-row">
      <a href={props.href} aria-current={props.selected ? 'true' : undefined}>
        <span class="list-row-name">{props.name}</span>
        {props.meta ? <span class="list-row-meta">{props.meta}</span> : null}
        {props.badges ? <span class="list-row-badges">{props.badges}</span> : null}
      </a>
    </li>
  )
}

import type { Child } from 'hono/jsx'

/** The rows of a part of a page: each names a thing, says its facts in lines, and carries its own actions. */
export function RelationList(props: { label: string; children: Child }) {
  return (
    <ul class="relations" aria-label={props.label}>
      {props.children}
    </ul>
  )
}

/** One row, for example an associated connection: its name, address, last sign-in, badges and actions. */
export function Relation(props: { name: string; href?: string; badges?: Child; children?: Child; actions?: Child }) {
  return (
    <li class="relation">
      <div class="relation-words">
        <p class="relation-name">
          {props.href === undefined ? props.name : <a href={props.href}>{props.name}</a>} {props.badges}
        </p>
        {props.children}
      </div>
      {props.actions ? <div class="actions">{props.actions}</div> : null}
    </li>
  )
}

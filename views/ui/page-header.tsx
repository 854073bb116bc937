import type { Child } from 'hono/jsx'
import { Actions } from './button.tsx'

/** The page's one `<h1>`, what it is in a line under it, and its actions at the upper right. */
export function PageHeader(props: { title: Child; subtitle?: Child; actions?: Child }) {
  return (
    <header class="page-header">
      <div>
        <h1 tabindex={-1}>{props.title}</h1>
        {props.subtitle ? <p class="subtitle">{props.subtitle}</p> : null}
      </div>
      {props.actions ? <Actions>{props.actions}</Actions> : null}
    </header>
  )
}

/** A part of a page: a heading with its own actions, then what belongs to it. The id is for links and swaps. */
export function Section(props: { title: string; id?: string; actions?: Child; children: Child }) {
  return (
    <section class="section" id={props.id}>
      <header class="section-header">
        <h2>{props.title}</h2>
        {props.actions ? <Actions>{props.actions}</Actions> : null}
      </header>
      {props.children}
    </section>
  )
}

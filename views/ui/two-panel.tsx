import type { Child } from 'hono/jsx'

/**
 * A list on the left, the selected thing on the right. On a narrow screen one of them at a time: the list, or the
 * detail with a link back to it.
 */
export function TwoPanel(props: {
  /** Names the left panel, for example "Credentials". */
  label: string
  /** The left panel: search, list, pages. */
  list: Child
  showing: 'list' | 'detail'
  back: { href: string; label: string }
  children: Child
}) {
  return (
    <div class={`two-panel two-panel-${props.showing}`}>
      <section class="panel" id="panel" aria-label={props.label}>
        {props.list}
      </section>
      <div class="detail" id="detail">
        <a class="back-link" href={props.back.href}>
          ← {props.back.label}
        </a>
        {props.children}
      </div>
    </div>
  )
}

import type { Child } from 'hono/jsx'

/** Links to choose one from, each with a line about it: data stores, credential types, connections. */
export function ChoiceList(props: {
  label: string
  choices: readonly { href: string; name: string; summary?: Child; badge?: Child }[]
}) {
  return (
    <ul class="choice-list" aria-label={props.label}>
      {props.choices.map((choice) => (
        <li>
          <a href={choice.href}>
            <span class="choice-name">{choice.name}</span>
            {choice.summary ? <span class="choice-summary">{choice.summary}</span> : null}
            {choice.badge}
          </a>
        </li>
      ))}
    </ul>
  )
}

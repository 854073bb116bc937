import type { Child } from 'hono/jsx'
import { paths } from '../../src/paths.ts'
import type { ColumnHit, Findings, Hits, SearchOutcome } from '../../src/search/search.ts'
import { EmptyState } from '../ui/empty-state.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Title } from '../ui/title.tsx'

type Props = { text: string; outcome: SearchOutcome; storedCredentials: boolean }

/** What is found everywhere. The box it is asked in is that of the top bar. */
export function SearchPage({ text, outcome, storedCredentials }: Props) {
  const typed = text.trim()
  return (
    <>
      <Title>{typed === '' ? 'Search' : `Search for ${shortened(typed)}`}</Title>
      <PageHeader title="Search" subtitle={subtitleOf(outcome, typed)} />
      <div id="found" data-panel="">
        {outcome.kind === 'found' ? (
          <Found findings={outcome.findings} text={typed} />
        ) : (
          <NotAsked kind={outcome.kind} storedCredentials={storedCredentials} />
        )}
      </div>
    </>
  )
}

function NotAsked(props: { kind: Exclude<SearchOutcome['kind'], 'found'>; storedCredentials: boolean }) {
  const { kind, storedCredentials } = props
  if (kind === 'too short') {
    return <EmptyState title="Too short">Type at least two characters of a name into the box at the top.</EmptyState>
  }
  if (kind === 'too long') {
    return <EmptyState title="Too long">No name has more than 400 characters. Type a part of it.</EmptyState>
  }
  return (
    <EmptyState title="What are you looking for?">
      Type any part of a name into the box at the top. It looks through datasets and their columns
      {storedCredentials ? ', data connections and credentials' : ' and data connections'} that you may see.
    </EmptyState>
  )
}

function Found({ findings, text }: { findings: Findings; text: string }) {
  const { datasets, columns, connections, credentials, shared } = findings
  if (countOf(findings) === 0) {
    return (
      <EmptyState title="Nothing found">
        Nothing that you may see has this in its name. Check the spelling, or type less of it.
      </EmptyState>
    )
  }
  return (
    <>
      <Group title="Datasets" hits={datasets} all={paths.catalog({ q: text })}>
        {datasets.rows.map(({ id, name, connectionName }) => (
          <Hit href={paths.dataset(id)} name={name} meta={connectionName} />
        ))}
      </Group>
      <Group title="Columns" hits={columns}>
        {columns.rows.map((hit) => (
          <Hit href={paths.dataset(hit.id)} name={columnsInWords(hit)} meta={`in ${hit.name}`} />
        ))}
      </Group>
      <Group title="Data connections" hits={connections} all={paths.connections({ q: text })}>
        {connections.rows.map(({ id, name, driverLabel, address }) => (
          <Hit href={paths.connection(id)} name={name} meta={`${driverLabel} · ${address.address}`} />
        ))}
      </Group>
      <Group title="Credentials" hits={credentials} all={paths.credentials({ q: text })}>
        {credentials.rows.map(({ id, name, username }) => (
          <Hit href={paths.credential(id)} name={name} meta={username} />
        ))}
      </Group>
      <Group title="Credentials shared with you" hits={shared} all={paths.sharedCredentials()}>
        {shared.rows.map(({ name, ownerName }) => (
          <Hit href={paths.sharedCredentials()} name={name} meta={`of ${ownerName}`} />
        ))}
      </Group>
    </>
  )
}

/** Nothing where nothing was found. `all` is the list in which all of them are. */
function Group(props: { title: string; hits: Hits<unknown>; all?: string; children: Child }) {
  const { title, hits, all } = props
  const { rows, total, more } = hits
  if (rows.length === 0) return null
  const number = more ? `more than ${total}` : `${total}`
  const isCut = total > rows.length || more
  return (
    <section class="found-group" aria-label={title}>
      <h2>
        {title} <span class="muted">{number}</span>
      </h2>
      <ul class="found-list">
        {props.children}
        {isCut && all !== undefined ? (
          <li>
            <a href={all}>{more ? `All ${title.toLowerCase()}` : `All ${total} ${title.toLowerCase()}`}</a>
          </li>
        ) : null}
      </ul>
      {isCut && all === undefined ? <p class="muted">Type more of the name to see the others.</p> : null}
    </section>
  )
}

function Hit(props: { href: string; name: string; meta: string | null }) {
  return (
    <li>
      <a href={props.href}>
        <span class="found-name">{props.name}</span>
        {props.meta === null ? null : <span class="muted"> {props.meta}</span>}
      </a>
    </li>
  )
}

function columnsInWords({ columns, moreColumns }: ColumnHit): string {
  const names = columns.map(({ name }) => name).join(', ')
  return moreColumns === 0 ? names : `${names} and ${moreColumns} more`
}

function subtitleOf(outcome: SearchOutcome, text: string): string | undefined {
  if (outcome.kind !== 'found') return undefined
  const count = countOf(outcome.findings)
  const isMore = Object.values(outcome.findings).some(({ more }) => more)
  const found = count === 0 ? 'Nothing' : isMore ? `More than ${count}` : `${count}`
  return `${found} found for "${shortened(text)}".`
}

function countOf(findings: Findings): number {
  return Object.values(findings).reduce((sum, { total }) => sum + total, 0)
}

/** A long text in full is in the box. */
function shortened(text: string): string {
  const characters = [...text]
  return characters.length <= 60 ? text : `${characters.slice(0, 59).join('')}…`
}

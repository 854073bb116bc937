import type { Child } from 'hono/jsx'
import type { TriedConnection, TriedDataset, Verdict } from '../../src/credentials/proven-edit-queries.ts'
import { paths } from '../../src/paths.ts'
import { Badge } from '../ui/badge.tsx'
import { Time } from '../ui/time.tsx'

/** What an edit was tried on, a row each: what works now, what works with the edit, and why not. */
export function TrialTable(props: { connections: readonly TriedConnection[] }) {
  return (
    <div class="trials">
      <table>
        <caption class="visually-hidden">What works now, and with the edit</caption>
        <thead>
          <tr>
            <th scope="col">Connection</th>
            <th scope="col">Now</th>
            <th scope="col">With the edit</th>
            <th scope="col">Reason</th>
          </tr>
        </thead>
        <tbody>
          {props.connections.map((connection) => (
            <>
              <ConnectionRow connection={connection} />
              {connection.datasets.map((dataset) => (
                <DatasetRow dataset={dataset} />
              ))}
              {connection.untried === 0 ? null : <UntriedRow count={connection.untried} />}
            </>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function ConnectionRow(props: { connection: TriedConnection }) {
  const { id, name, address, isDefault, before, after } = props.connection
  return (
    <Row before={before} after={after} reason={<Reason before={before} after={after} />}>
      <a href={paths.connection(id)}>{name}</a> {isDefault ? <Badge tone="accent">default</Badge> : null}
      <span class="trial-address">{address.address}</span>
    </Row>
  )
}

function DatasetRow(props: { dataset: TriedDataset }) {
  const { id, name, before, after } = props.dataset
  return (
    <Row isPart before={before} after={after} reason={<Reason before={before} after={after} isQuery />}>
      {name === null ? 'A dataset of someone else' : <a href={paths.dataset(id)}>{name}</a>}
      <span class="visually-hidden"> (dataset)</span>
    </Row>
  )
}

function UntriedRow(props: { count: number }) {
  return (
    <tr class="trial-part">
      <th scope="row">
        {props.count.toLocaleString('en')} more {props.count === 1 ? 'dataset' : 'datasets'}
      </th>
      <td colspan={3}>Not tried: one edit tries 500 datasets at most, and none that was made since it was begun.</td>
    </tr>
  )
}

type RowProps = {
  readonly before: Verdict
  readonly after: Verdict
  readonly reason: Child
  readonly isPart?: boolean
  readonly children?: Child
}

function Row(props: RowProps) {
  const { before, after } = props
  const stops = before.state !== 'failed' && (after.state === 'failed' || after.state === 'not run')
  const classes = [props.isPart ? 'trial-part' : null, stops ? 'trial-stops' : null].filter(Boolean)
  return (
    <tr class={classes.length === 0 ? undefined : classes.join(' ')}>
      <th scope="row">{props.children}</th>
      <td data-label="Now">
        <VerdictWord verdict={before} />
      </td>
      <td data-label="With the edit">
        <VerdictWord verdict={after} />
      </td>
      <td class="trial-reason">{props.reason}</td>
    </tr>
  )
}

const words: Record<Verdict['state'], string> = {
  ok: 'works',
  failed: 'fails',
  waiting: 'trying…',
  'not run': 'not run',
  interrupted: 'interrupted',
  unknown: 'not known',
}

function VerdictWord(props: { verdict: Verdict }) {
  const { state, at, tried } = props.verdict
  return (
    <>
      <span class={`verdict verdict-${state.replace(' ', '-')}`}>{words[state]}</span>
      {at === null || tried ? null : (
        <span class="trial-address">
          <Time at={at} />
        </span>
      )}
    </>
  )
}

/** Why the edit does not work, and what to do; else what is to know about the present version. */
function Reason(props: { before: Verdict; after: Verdict; isQuery?: boolean }) {
  const { before, after } = props
  if (after.state === 'failed') return <Failure verdict={after} />
  if (after.state === 'interrupted') return <p>Keyward stopped before this was tried.</p>
  if (after.state === 'not run') return <p>Not run, because the sign-in failed.</p>
  if (after.state === 'unknown') return <p>Associated after this edit was begun, so it was not tried.</p>
  if (before.state === 'failed' && after.state === 'ok') {
    return <p>{props.isQuery ? 'The query runs again.' : 'This edit mends it.'}</p>
  }
  return null
}

function Failure(props: { verdict: Verdict }) {
  const { sparedBy, sentence, nextStep, code } = props.verdict
  if (sparedBy !== null) {
    return <p>Not tried, so that the account is not locked: the same server had just turned it away on {sparedBy}.</p>
  }
  return (
    <>
      <p>{sentence ?? 'It did not work.'}</p>
      {nextStep === null ? null : <p class="next-step">{nextStep}</p>}
      {code === null || sentence === null ? null : (
        <p>
          <a href={paths.diagnosisHelp(code)}>What this means</a>
        </p>
      )}
    </>
  )
}

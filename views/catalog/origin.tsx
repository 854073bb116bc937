import type { DatasetDetail } from '../../src/catalog/queries.ts'
import { paths } from '../../src/paths.ts'
import type { ScheduleSummary } from '../../src/schedules/queries.ts'
import { ruleInWords } from '../schedules/words.ts'
import { Badge } from '../ui/badge.tsx'
import { Facts } from '../ui/facts.tsx'
import { Time } from '../ui/time.tsx'
import { sampleInWords, sourceInWords } from './words.ts'

/** Returns where a dataset is from, in a line. */
export function originInWords(dataset: DatasetDetail): string {
  const { connection, connectionWithdrawn } = dataset
  if (dataset.isCombined) return 'Combined from other datasets'
  if (connection !== null) return `From ${connection.name}`
  return `From a data connection that ${connectionWithdrawn ? 'is not shared with you' : 'was deleted'}`
}

/** What people say of a dataset, and what it is made of. */
export function Origin(props: { dataset: DatasetDetail; schedule: ScheduleSummary | null }) {
  const { dataset } = props
  const { source, description } = dataset
  return (
    <>
      {description === '' ? null : <p class="prose">{description}</p>}
      <Facts facts={factsOf(dataset, props.schedule)} />
      {source.kind === 'query' ? (
        <details class="more" open>
          <summary>Query</summary>
          <pre>{source.query}</pre>
        </details>
      ) : null}
    </>
  )
}

function factsOf(dataset: DatasetDetail, schedule: ScheduleSummary | null) {
  const { source, rowLimit, isDynamic, isCombined, tags } = dataset
  const sample = source.kind === 'table' ? source.sample : undefined
  return [
    isDynamic ? { label: 'Kind', value: <Badge tone="accent">dynamic</Badge> } : null,
    { label: 'Source', value: source.kind === 'table' ? <code>{sourceInWords(source)}</code> : sourceInWords(source) },
    isCombined ? null : { label: 'Data connection', value: <Connection dataset={dataset} /> },
    isCombined ? null : accountOf(dataset),
    rowLimit === null ? null : { label: 'Row limit', value: rowLimit.toLocaleString('en') },
    sample === undefined ? null : { label: 'Sample', value: sampleInWords(sample) },
    schedule === null ? null : { label: 'Schedule', value: <Refreshed schedule={schedule} /> },
    tags.length === 0 ? null : { label: 'Tags', value: <Tags tags={tags} /> },
    { label: 'Owner', value: dataset.ownerName },
    { label: 'Created', value: <Time at={dataset.createdAt} /> },
  ]
}

function Refreshed({ schedule: { rule, timeZone, state, nextAt } }: { schedule: ScheduleSummary }) {
  return (
    <>
      {ruleInWords(rule)} ({timeZone}),{' '}
      {state !== 'active' ? (
        <Badge tone="warning">{state}</Badge>
      ) : (
        <>next {nextAt === null ? 'not known' : <Time at={nextAt} />}</>
      )}
    </>
  )
}

function Connection({ dataset: { connection, connectionWithdrawn } }: { dataset: DatasetDetail }) {
  if (connection === null) return connectionWithdrawn ? 'not shared with you' : 'deleted'
  return <a href={paths.connection(connection.id)}>{connection.name}</a>
}

/** Which account it goes by is for those alone who may use it. */
function accountOf({ account, versions, role }: DatasetDetail) {
  const name = account?.name ?? versions[0]?.accountName
  if (name !== undefined && name !== null) return { label: 'Account', value: name }
  return role === 'owner' ? { label: 'Account', value: 'none' } : null
}

function Tags(props: { tags: readonly string[] }) {
  return (
    <>
      {props.tags.map((tag, index) => (
        <>
          {index === 0 ? '' : ', '}
          <a href={paths.catalog({ tag })}>{tag}</a>
        </>
      ))}
    </>
  )
}

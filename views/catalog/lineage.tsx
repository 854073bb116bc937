import type { Child } from 'hono/jsx'
import type { Lineage, LineageInput } from '../../src/catalog/lineage.ts'
import type { DatasetDetail } from '../../src/catalog/queries.ts'
import { paths } from '../../src/paths.ts'
import { Section } from '../ui/page-header.tsx'
import { sourceInWords } from './words.ts'

/** Where a dataset comes from, and what is made from it. */
export function LineageSection(props: { dataset: DatasetDetail; lineage: Lineage }) {
  const { dataset, lineage } = props
  return (
    <Section title="Lineage" id="lineage">
      <p>Made from</p>
      <ul>
        {lineage.inputs === null ? (
          <Origin dataset={dataset} />
        ) : (
          lineage.inputs.map((input) => <Input input={input} />)
        )}
      </ul>
      {lineage.uses.length + lineage.hiddenUses === 0 ? (
        <p>No dataset is made from this one.</p>
      ) : (
        <>
          <p>Used by</p>
          <ul>
            {lineage.uses.map(({ id, name }) => (
              <li>
                <a href={paths.dataset(id)}>{name}</a>
              </li>
            ))}
            {lineage.hiddenUses === 0 ? null : (
              <li>
                {lineage.hiddenUses} {lineage.hiddenUses === 1 ? 'dataset' : 'datasets'} of others
              </li>
            )}
          </ul>
        </>
      )}
    </Section>
  )
}

function Origin(props: { dataset: DatasetDetail }) {
  const { connection, account, source } = props.dataset
  const what: Child = source.kind === 'table' ? <code>{sourceInWords(source)}</code> : 'the query above'
  return (
    <li>
      {connection === null ? (
        <>{what} on a data connection that is not there any more, or not for you</>
      ) : (
        <>
          {what} on <a href={paths.connection(connection.id)}>{connection.name}</a>
        </>
      )}
      {account === null ? null : (
        <>, as {account.isOwn ? <a href={paths.credential(account.id)}>{account.name}</a> : account.name}</>
      )}
    </li>
  )
}

function Input(props: { input: LineageInput }) {
  const { name, dataset, version } = props.input
  if (dataset === null) {
    return (
      <li>
        <strong>{name}</strong>, which was deleted or is no longer shared with you: no new version can be made
      </li>
    )
  }
  const called = dataset.name === name ? null : <span class="muted"> (called "{name}" in the query)</span>
  return (
    <li>
      <a href={paths.dataset(dataset.id)}>{dataset.name}</a>
      {version === null ? null : `, version ${version}`}
      {called}
    </li>
  )
}

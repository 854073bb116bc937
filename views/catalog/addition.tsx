import type { AddedDataset } from '../../src/catalog/additions.ts'
import { paths } from '../../src/paths.ts'
import { Badge } from '../ui/badge.tsx'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { LinkButton } from '../ui/button.tsx'
import { FormButton } from '../ui/form.tsx'
import { Live } from '../ui/live.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Progress } from '../ui/progress.tsx'
import { Relation, RelationList } from '../ui/relation.tsx'
import { Title } from '../ui/title.tsx'
import { addTrail } from './connections.tsx'
import { progressInWords } from './running.tsx'
import { VersionStatus } from './status.tsx'
import { bytesInWords, rowsInWords, sourceInWords } from './words.ts'

type AdditionProps = {
  readonly id: string
  readonly datasets: readonly AddedDataset[]
  /** For tests. */
  readonly now?: Date
}

/** How far everything is that was added together, with **Cancel** for one and for all. */
export function AdditionPage(props: AdditionProps) {
  const { id, datasets, now = new Date() } = props
  const going = datasets.filter(isGoing)
  const cancellable = going.some(({ version }) => version?.cancelling === false)
  return (
    <>
      <Title>Added datasets</Title>
      <Breadcrumbs trail={addTrail} current="Added datasets" />
      <PageHeader
        title="Added datasets"
        subtitle={summaryOf(datasets, going.length)}
        actions={
          <>
            {cancellable ? <FormButton action={paths.additionCancellation(id)}>Cancel all</FormButton> : null}
            <LinkButton href={paths.catalog()}>Open catalog</LinkButton>
          </>
        }
      />
      {going.length === 0 ? null : (
        <Progress
          label="Progress of all"
          words={`${datasets.length - going.length} of ${datasets.length} are done.`}
          value={datasets.length - going.length}
          maximum={datasets.length}
        />
      )}
      <RelationList label="Datasets">
        {datasets.map((dataset) => (
          <Added additionId={id} dataset={dataset} now={now} />
        ))}
      </RelationList>
      {going.length === 0 ? null : <Live href={paths.addition(id)} />}
    </>
  )
}

function isGoing({ version }: AddedDataset): boolean {
  return version?.status === 'queued' || version?.status === 'running'
}

function summaryOf(datasets: readonly AddedDataset[], going: number): string {
  const count = (status: string) => datasets.filter(({ version }) => version?.status === status).length
  const dynamic = datasets.filter(({ isDynamic }) => isDynamic).length
  return [
    [going, 'in progress'],
    [count('completed'), 'completed'],
    [count('failed'), 'failed'],
    [count('cancelled'), 'cancelled'],
    [dynamic, 'dynamic'],
  ]
    .filter(([number]) => number !== 0)
    .map(([number, word]) => `${number} ${word}`)
    .join(' · ')
}

function Added(props: { additionId: string; dataset: AddedDataset; now: Date }) {
  const { additionId, dataset, now } = props
  const { id, name, source, version } = dataset
  const going = isGoing(dataset)
  return (
    <Relation
      name={name}
      href={paths.dataset(id)}
      badges={dataset.isDynamic ? <Badge tone="accent">dynamic</Badge> : version && <VersionStatus version={version} />}
      actions={
        going && version?.cancelling === false ? (
          <FormButton
            action={paths.datasetCancellation(id, version.number)}
            hidden={{ addition: additionId }}
            label={`Cancel ${name}`}
          >
            Cancel
          </FormButton>
        ) : null
      }
    >
      <p class="relation-line">
        {sourceInWords(source)} · {stateInWords(dataset, now)}
      </p>
    </Relation>
  )
}

function stateInWords({ version, isDynamic }: AddedDataset, now: Date): string {
  if (isDynamic) return 'its rows are read at each look'
  if (version === null) return 'its first version was deleted'
  if (version.status === 'queued' || version.status === 'running') return progressInWords(version, now)
  if (version.status === 'completed') return `${rowsInWords(version.rows)}, ${bytesInWords(version.bytes)}`
  return version.message ?? ''
}

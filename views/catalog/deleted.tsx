import type { DeletedRow } from '../../src/catalog/listing.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { LinkButton } from '../ui/button.tsx'
import { ConfirmPage } from '../ui/confirm-page.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { FormButton } from '../ui/form.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Relation, RelationList } from '../ui/relation.tsx'
import { Time } from '../ui/time.tsx'
import { Title } from '../ui/title.tsx'

const trail = [{ label: 'Catalog', href: paths.catalog() }]

/** **Deleted datasets**: what can still be restored, and until when. */
export function DeletedDatasetsPage(props: { rows: readonly DeletedRow[] }) {
  return (
    <>
      <Title>Deleted datasets</Title>
      <Breadcrumbs trail={trail} current="Deleted datasets" />
      <PageHeader
        title="Deleted datasets"
        subtitle="Each keeps everything for 30 days, and is then deleted for good."
      />
      {props.rows.length === 0 ? (
        <EmptyState title="Nothing is deleted">What you delete is kept here for 30 days.</EmptyState>
      ) : (
        <RelationList label="Deleted datasets">
          {props.rows.map((row) => (
            <Deleted row={row} />
          ))}
        </RelationList>
      )}
    </>
  )
}

function Deleted(props: { row: DeletedRow }) {
  const { id, name, deletedAt, until } = props.row
  return (
    <Relation
      name={name}
      actions={
        <>
          <FormButton action={paths.datasetRestoration(id)} label={`Restore ${name}`}>
            Restore
          </FormButton>
          <LinkButton href={paths.datasetErasure(id)} variant="danger" label={`Delete for good: ${name}`}>
            Delete for good
          </LinkButton>
        </>
      }
    >
      <p class="relation-line">
        Deleted <Time at={deletedAt} /> · deleted for good <Time at={until} />
      </p>
    </Relation>
  )
}

/** The page that asks before a deleted dataset goes for good. */
export function DatasetErasurePage(props: { dataset: { id: string; name: string } }) {
  const { id, name } = props.dataset
  const all = [...trail, { label: 'Deleted datasets', href: paths.deletedDatasets() }]
  return (
    <ConfirmPage
      title={`Delete ${name} for good`}
      action={paths.datasetErasure(id)}
      confirm="Delete for good"
      cancelHref={paths.deletedDatasets()}
      breadcrumbs={<Breadcrumbs trail={all} current="Delete for good" />}
    >
      <p>Its versions and their stored data are removed now. Nothing brings them back.</p>
    </ConfirmPage>
  )
}

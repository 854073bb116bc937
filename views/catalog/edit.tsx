import type { DatasetWords } from '../../src/catalog/description.ts'
import { paths } from '../../src/paths.ts'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Table } from '../ui/table.tsx'
import { TextField } from '../ui/text-field.tsx'
import { Title } from '../ui/title.tsx'
import { DatasetBreadcrumbs } from './dataset-breadcrumbs.tsx'

export type EditDatasetForm = DatasetWords & {
  readonly revision: number
  /** Sentences by field. */
  readonly errors?: Readonly<Record<string, string>>
  /** What is stored now, where someone else saved in between. */
  readonly conflict?: DatasetWords
}

const stale = 'Someone else changed this dataset meanwhile. Compare both sides, then save again.'

/** The page that changes what people say of a dataset. */
export function EditDatasetPage(props: { dataset: { id: string; name: string }; form: EditDatasetForm }) {
  const { dataset, form } = props
  const errors = form.conflict
    ? [{ field: null, message: stale }]
    : Object.entries(form.errors ?? {}).map(([field, message]) => ({ field, message }))
  return (
    <div class="narrow">
      <Title error={errors.length > 0}>Edit {dataset.name}</Title>
      <DatasetBreadcrumbs dataset={dataset} current="Edit" />
      <ErrorSummary errors={errors} />
      <PageHeader title="Edit dataset" subtitle={dataset.name} />
      {form.conflict === undefined ? null : <Conflict stored={form.conflict} own={form} />}
      <Form action={paths.editDataset(dataset.id)} hidden={{ revision: String(form.revision) }}>
        <Fields form={form} autofocus={errors.length === 0} />
        <Actions>
          <Button>Save dataset</Button>
          <CancelLink href={paths.dataset(dataset.id)} />
        </Actions>
      </Form>
    </div>
  )
}

function Fields(props: { form: EditDatasetForm; autofocus: boolean }) {
  const { form } = props
  return (
    <>
      <TextField
        name="name"
        label="Dataset name"
        value={form.name}
        error={form.errors?.name}
        autofocus={props.autofocus}
      />
      <TextField
        name="description"
        label="Description"
        hint="What it holds and what it is for, in up to 500 characters."
        value={form.description}
        error={form.errors?.description}
        multiline
        rows={4}
        optional
      />
      <TextField
        name="tags"
        label="Tags"
        hint="Up to 20, with commas between them. The catalog can be filtered by each."
        value={form.tags}
        error={form.errors?.tags}
        optional
      />
    </>
  )
}

function Conflict(props: { stored: DatasetWords; own: DatasetWords }) {
  const { stored, own } = props
  return (
    <>
      <Table
        caption="Both sides"
        columns={[{ label: 'Field' }, { label: 'Stored now' }, { label: 'Yours' }]}
        rows={[
          ['Dataset name', stored.name, own.name],
          ['Description', stored.description, own.description],
          ['Tags', stored.tags, own.tags],
        ]}
      />
      <Notice tone="warning">Saving now replaces what is stored with yours.</Notice>
    </>
  )
}

import type { LargeDataset, StorageReport } from '../../src/catalog/storage.ts'
import { paths } from '../../src/paths.ts'
import { bytesInWords } from '../catalog/words.ts'
import { Badge } from '../ui/badge.tsx'
import { Actions, Button } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Facts } from '../ui/facts.tsx'
import { Form } from '../ui/form.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeader, Section } from '../ui/page-header.tsx'
import { Table } from '../ui/table.tsx'
import { TextField } from '../ui/text-field.tsx'
import { Title } from '../ui/title.tsx'

/** The limit as it stands in the form, with what is wrong with it. */
export type LimitForm = { readonly limit: string; readonly error?: string }

/** What the snapshots of the organization take and may take, and which take the most. */
export function StoragePage({ report, form }: { report: StorageReport; form: LimitForm }) {
  const errors = form.error === undefined ? [] : [{ field: 'limit', message: form.error }]
  return (
    <>
      <Title error={errors.length > 0}>Storage</Title>
      <ErrorSummary errors={errors} />
      <PageHeader title="Storage" subtitle="What the snapshots of your organization take" />
      <Use report={report} />
      <Limit report={report} form={form} />
      <Largest datasets={report.largest} />
      <p class="hint">
        Each snapshot is encrypted under a key of its dataset. What was deleted can be restored for 30 days and counts
        until then, or until it is deleted for good.
      </p>
    </>
  )
}

function Use({ report }: { report: StorageReport }) {
  const { bytes, versions, limit, unsealed } = report
  return (
    <Section title="Used">
      {limit !== null && bytes >= limit ? (
        <Notice tone="warning" title="There is no room for new snapshots">
          What is there stays. Raise the limit, or have datasets deleted for good that nobody needs.
        </Notice>
      ) : null}
      <Facts
        facts={[
          { label: 'Used', value: usedInWords(report) },
          { label: 'Versions', value: versions.toLocaleString('en') },
          { label: 'Limit', value: limitInWords(report) },
          unsealed === 0
            ? null
            : {
                label: 'Not encrypted',
                value: `${unsealed.toLocaleString('en')} ${unsealed === 1 ? 'version' : 'versions'} of an earlier release of Keyward. A new snapshot of the dataset is encrypted; deleting the dataset for good removes the old ones.`,
              },
        ]}
      />
    </Section>
  )
}

function usedInWords({ bytes, limit }: StorageReport): string {
  if (limit === null || limit === 0) return bytesInWords(bytes)
  return `${bytesInWords(bytes)}, which is ${Math.round((100 * bytes) / limit)} % of the limit`
}

function limitInWords({ limit, isOwnLimit }: StorageReport): string {
  if (limit === null) return 'None'
  return isOwnLimit ? bytesInWords(limit) : `${bytesInWords(limit)}, the default of this installation`
}

function Limit({ report, form }: { report: StorageReport; form: LimitForm }) {
  return (
    <Section title="Limit">
      <Form action={paths.storage()} label="Limit">
        <TextField
          name="limit"
          label="Snapshots may take"
          hint={limitHint(report)}
          value={form.limit}
          error={form.error}
          maximumLength={30}
          width="short"
          optional
        />
        <Actions>
          <Button>Save limit</Button>
        </Actions>
      </Form>
    </Section>
  )
}

function limitHint({ standard, mayExceedStandard }: StorageReport): string {
  const example = 'A size such as 500 MB or 1.5 TB.'
  if (standard === null) return `${example} Empty: no limit.`
  const most = mayExceedStandard ? '' : `, ${bytesInWords(standard)} at most`
  return `${example.slice(0, -1)}${most}. Empty: the default, ${bytesInWords(standard)}.`
}

function Largest({ datasets }: { datasets: readonly LargeDataset[] }) {
  return (
    <Section title="Largest datasets">
      {datasets.length === 0 ? (
        <EmptyState title="There are no snapshots yet.">The first one that is completed is listed here.</EmptyState>
      ) : (
        <Table
          caption="Largest datasets"
          captionHidden
          columns={[
            { label: 'Dataset' },
            { label: 'Owner' },
            { label: 'Versions', numeric: true },
            { label: 'Size', numeric: true },
          ]}
          rows={datasets.map(({ name, ownerName, isDeleted, versions, bytes }) => [
            <>
              {name} {isDeleted ? <Badge>Deleted</Badge> : null}
            </>,
            ownerName,
            versions.toLocaleString('en'),
            bytesInWords(bytes),
          ])}
        />
      )}
    </Section>
  )
}

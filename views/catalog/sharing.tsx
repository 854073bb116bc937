import type { DatasetDetail } from '../../src/catalog/queries.ts'
import type { Person } from '../../src/connections/sharing.ts'
import { paths } from '../../src/paths.ts'
import { roleNames } from '../connections/roles.tsx'
import type { ShareForm } from '../connections/sharing.tsx'
import { Badge } from '../ui/badge.tsx'
import { Actions, Button, LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { PageHeader, Section } from '../ui/page-header.tsx'
import { Relation, RelationList } from '../ui/relation.tsx'
import { TextField } from '../ui/text-field.tsx'
import { Time } from '../ui/time.tsx'
import { Title } from '../ui/title.tsx'
import { DatasetBreadcrumbs } from './dataset-breadcrumbs.tsx'
import { DatasetRoleField } from './roles.tsx'

type SharingPageProps = {
  readonly dataset: Pick<DatasetDetail, 'id' | 'name' | 'role' | 'isDynamic'>
  readonly people: readonly Person[]
  readonly ownId: string
  readonly form: ShareForm
}

/** Who may work with a dataset and, for its owners, the form that adds someone. */
export function DatasetSharingPage(props: SharingPageProps) {
  const { dataset, people, ownId, form } = props
  const isOwner = dataset.role === 'owner'
  return (
    <>
      <Title error={form.error !== undefined}>Sharing of {dataset.name}</Title>
      <DatasetBreadcrumbs dataset={dataset} current="Sharing" />
      <ErrorSummary errors={form.error === undefined ? [] : [form.error]} />
      <PageHeader title="Sharing" subtitle={dataset.name} />
      <Section title="People">
        <RelationList label="People">
          {people.map((person) => (
            <PersonRow datasetId={dataset.id} person={person} isOwn={person.userId === ownId} isOwner={isOwner} />
          ))}
        </RelationList>
        {people.length > 1 ? null : (
          <EmptyState level={3} title="Not shared yet">
            Nobody else sees this dataset.
          </EmptyState>
        )}
      </Section>
      {isOwner ? (
        <ShareSection dataset={dataset} form={form} />
      ) : (
        <p class="hint">Its owners decide who else may see this dataset.</p>
      )}
    </>
  )
}

function PersonRow(props: { datasetId: string; person: Person; isOwn: boolean; isOwner: boolean }) {
  const { datasetId, person, isOwn, isOwner } = props
  const { name, email, role, since } = person
  return (
    <Relation
      name={name}
      badges={
        <>
          {isOwn ? <Badge tone="accent">you</Badge> : null}
          {person.disabled ? <Badge tone="warning">disabled</Badge> : null}
        </>
      }
      actions={person.isFirst ? null : <PersonActions {...{ datasetId, person, isOwn, isOwner }} />}
    >
      <p class="relation-line">
        {roleNames[role]} · {email} ·{' '}
        {since === null ? (
          'made the dataset'
        ) : (
          <>
            since <Time at={since} />
          </>
        )}
      </p>
    </Relation>
  )
}

function PersonActions(props: { datasetId: string; person: Person; isOwn: boolean; isOwner: boolean }) {
  const { datasetId, isOwn, isOwner } = props
  const { userId, name } = props.person
  return (
    <>
      {isOwner ? (
        <LinkButton href={paths.datasetShareRole(datasetId, userId)}>
          Change role<span class="visually-hidden"> of {name}</span>
        </LinkButton>
      ) : null}
      {isOwn || isOwner ? (
        <LinkButton href={paths.datasetShareRemoval(datasetId, userId)} variant="danger">
          {isOwn ? 'Leave' : 'Remove'}
          {isOwn ? null : <span class="visually-hidden"> {name}</span>}
        </LinkButton>
      ) : null}
    </>
  )
}

function ShareSection(props: Pick<SharingPageProps, 'dataset' | 'form'>) {
  const { dataset, form } = props
  const errorOf = (field: string) => (form.error?.field === field ? form.error.message : undefined)
  return (
    <Section title="Share with someone">
      <p class="hint">
        {dataset.isDynamic
          ? 'Nothing is stored of a dynamic dataset: they look at it with an account of their own, on a data connection that is shared with them.'
          : 'Sharing a dataset shares its data, never its data connection nor an account.'}
      </p>
      <Form action={paths.datasetSharing(dataset.id)} label="Share with someone">
        <TextField
          name="email"
          label="E-mail"
          type="email"
          hint="The one they sign in to Keyward with. They are in your organization."
          value={form.email}
          error={errorOf('email')}
          maximumLength={254}
        />
        <DatasetRoleField value={form.role} error={errorOf('role')} />
        <Actions>
          <Button>Share</Button>
        </Actions>
      </Form>
    </Section>
  )
}

import type { ProvenEditDetail, TriedConnection } from '../../src/credentials/proven-edit-queries.ts'
import { paths } from '../../src/paths.ts'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { PageHeader, Section } from '../ui/page-header.tsx'
import { TextField } from '../ui/text-field.tsx'
import { Title } from '../ui/title.tsx'
import { EditBreadcrumbs } from './proven-edit.tsx'
import { countTrials } from './trial-words.ts'

/** The page that asks what the account is to be called which keeps the old secret, and says what moves to it. */
export function SplitPage(props: { edit: ProvenEditDetail; name: string; error?: string }) {
  const { edit, name, error } = props
  const { proven, unproven } = countTrials(edit.connections)
  const title = `Split ${edit.stored.name}`
  return (
    <div class="narrow">
      <Title error={error !== undefined}>{title}</Title>
      <EditBreadcrumbs edit={edit} current="Split" />
      <ErrorSummary errors={error === undefined ? [] : [{ field: 'name', message: error }]} />
      <PageHeader title={title} />
      <Side title={`These get the edit, under ${edit.edited.name}`} id="proven" connections={proven} />
      <Side title="These keep the old secret" id="unproven" connections={unproven} />
      <p>
        Associations, default marks, health checks, datasets and schedules move with their connection. Whoever may use{' '}
        {edit.stored.name} may use the new account too.
      </p>
      <Form action={paths.provenEditSplit(edit.credentialId, edit.id)}>
        <TextField
          name="name"
          label="Account name for the old secret"
          value={name}
          maximumLength={100}
          {...(error === undefined ? {} : { error })}
        />
        <Actions>
          <Button>Split</Button>
          <CancelLink href={paths.provenEdit(edit.credentialId, edit.id)} />
        </Actions>
      </Form>
    </div>
  )
}

function Side(props: { title: string; id: string; connections: readonly TriedConnection[] }) {
  return (
    <Section title={props.title} id={props.id}>
      <ul>
        {props.connections.map(({ id, name, datasets }) => (
          <li>
            <a href={paths.connection(id)}>{name}</a>
            {datasets.length === 0 ? '' : `, with ${datasets.length} ${datasets.length === 1 ? 'dataset' : 'datasets'}`}
          </li>
        ))}
      </ul>
    </Section>
  )
}

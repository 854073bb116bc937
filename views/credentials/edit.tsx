import type { CredentialType } from '../../src/credentials/credential-type.ts'
import type { OpenEdit } from '../../src/credentials/proven-edit-queries.ts'
import type { AssociationRow } from '../../src/credentials/queries.ts'
import type { CurrentCredential } from '../../src/credentials/vault.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Table } from '../ui/table.tsx'
import { Title } from '../ui/title.tsx'
import { AccountFields, type AccountForm, accountErrors, hasFiles, SaveButtons } from './fields.tsx'
import { OpenEdits } from './open-edits.tsx'

export type EditForm = AccountForm & {
  readonly revision: number
  /** What is stored now, where someone else saved in between. */
  readonly conflict?: CurrentCredential
}

/** The page that edits credentials. Secret fields are empty: blank keeps what is sealed. */
export function EditCredentialPage(props: {
  id: string
  savedName: string
  type: CredentialType
  associations: readonly AssociationRow[]
  openEdits: readonly OpenEdit[]
  form: EditForm
}) {
  const { id, type, form, savedName, associations } = props
  const conflict =
    'These credentials were changed while you were typing, by someone else or in another window of yours.'
  const errors = form.conflict ? [{ field: null, message: conflict }] : accountErrors(type, form)
  return (
    <div class="narrow">
      <Title error={errors.length > 0}>Edit {savedName}</Title>
      <Breadcrumbs
        trail={[
          { label: 'Credentials management', href: paths.credentials() },
          { label: savedName, href: paths.credential(id) },
        ]}
        current="Edit"
      />
      <ErrorSummary errors={errors} />
      <PageHeader title="Edit credentials" subtitle={savedName} />
      <Conflict form={form} type={type} />
      <OpenEdits credentialId={id} edits={props.openEdits} />
      <Effect associations={associations} />
      <Form action={paths.editCredential(id)} hidden={{ revision: String(form.revision) }} files={hasFiles(type)}>
        <AccountFields type={type} form={form} stored />
        <SaveButtons savesWithout={associations.length > 0} cancelHref={paths.credential(id)} />
      </Form>
    </div>
  )
}

function Effect(props: { associations: readonly AssociationRow[] }) {
  const { associations } = props
  if (associations.length === 0) return <p>No data connection uses these credentials yet.</p>
  const count =
    associations.length === 1 ? 'its one associated connection' : `all ${associations.length} associated connections`
  return (
    <p>
      Another username or secret is tried on {count} first: {associations.map((one) => one.connectionName).join(', ')}.
      You see what works and what would stop, and then decide. A new name or description is saved at once.
    </p>
  )
}

function Conflict(props: { form: EditForm; type: CredentialType }) {
  const { form, type } = props
  if (form.conflict === undefined) return null
  const username = type.fields.find((field) => field.id === type.usernameField)
  const rows = [
    ['Account name', form.conflict.name, form.name],
    ...(username ? [[username.label, form.conflict.username ?? '', form.values[username.id] ?? '']] : []),
    ['Description', form.conflict.description, form.description],
  ]
  return (
    <>
      <Table
        caption="Both sides"
        columns={[{ label: 'Field' }, { label: 'Stored now' }, { label: 'Yours' }]}
        rows={rows}
      />
      <Notice tone="warning">
        Saving now replaces what is stored with yours. A secret that you typed was not kept: type it again, or leave it
        blank to keep the one that is stored now.
      </Notice>
    </>
  )
}

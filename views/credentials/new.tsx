import type { ConnectionRow } from '../../src/connections/queries.ts'
import type { CredentialType } from '../../src/credentials/credential-type.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { SelectField } from '../ui/select-field.tsx'
import { Title } from '../ui/title.tsx'
import { AccountFields, type AccountForm, accountErrors, hasFiles, Refusal, SaveButtons } from './fields.tsx'
import { ChosenType } from './type-choice.tsx'

export type NewForm = AccountForm & {
  readonly type: CredentialType
  /** The connection to associate with and to try first; null for none. */
  readonly connectionId: string | null
}

/** The page that adds credentials of one type. `connections` are those that take them. */
export function NewCredentialPage(props: {
  connections: readonly Pick<ConnectionRow, 'id' | 'name'>[]
  form: NewForm
}) {
  const { form, connections } = props
  const errors = accountErrors(form.type, form)
  const chosen = connections.find((connection) => connection.id === form.connectionId)
  return (
    <div class="narrow">
      <Title error={errors.length > 0}>Add credentials</Title>
      <Breadcrumbs trail={[{ label: 'Credentials management', href: paths.credentials() }]} current="Add credentials" />
      <ErrorSummary errors={errors} />
      <PageHeader title="Add credentials" />
      <Refusal form={form} connectionName={chosen?.name ?? null} />
      <ChosenType type={form.type} connectionId={form.connectionId} />
      <Form
        action={paths.newCredential({ type: form.type.id })}
        hidden={{ type: form.type.id }}
        files={hasFiles(form.type)}
      >
        <AccountFields type={form.type} form={form} stored={false} />
        {connections.length === 0 ? (
          <p class="hint">
            There is no data connection that takes these credentials yet. They are stored; nothing is proven by that.
          </p>
        ) : (
          <SelectField
            name="connection"
            label="Data connection"
            hint="Tried before anything is stored, and associated with these credentials."
            value={form.connectionId ?? ''}
            error={form.errors?.connection}
            optional
            options={[{ value: '', label: 'None' }, ...connections.map(({ id, name }) => ({ value: id, label: name }))]}
          />
        )}
        <SaveButtons savesWithout={form.refusal !== undefined} cancelHref={paths.credentials()} />
      </Form>
    </div>
  )
}

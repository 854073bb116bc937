import type { AssociatedCredential, ConnectionDetail } from '../../src/connections/queries.ts'
import type { CredentialType } from '../../src/credentials/credential-type.ts'
import { paths } from '../../src/paths.ts'
import { connectionTrail } from '../connections/address.tsx'
import { accountInWords } from '../credentials/account-words.ts'
import { type AccountForm, accountErrors, hasFiles, Refusal } from '../credentials/fields.tsx'
import { SaveChoice } from '../credentials/save-choice.tsx'
import { type TypeLinks, TypeTabs } from '../credentials/type-choice.tsx'
import { AccountPicker } from '../ui/account-picker.tsx'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { SpecFields } from '../ui/spec-field.tsx'
import { Title } from '../ui/title.tsx'

export type SignInForm = AccountForm & { readonly save: boolean; readonly typeId?: string }

/** The page of **Test connection**: a stored account, or typed credentials that may be saved. */
export function NewSignInPage(props: {
  connection: ConnectionDetail
  accounts: readonly AssociatedCredential[]
  type: CredentialType
  types: TypeLinks
  /** Null while the picker is shown instead of the form. */
  form: SignInForm | null
  storedCredentials: boolean
}) {
  const { connection, accounts, form, type } = props
  const { id, name } = connection
  const errors = form === null ? [] : accountErrors(type, form)
  return (
    <div class="narrow">
      <Title error={errors.length > 0}>Test {name}</Title>
      <Breadcrumbs trail={connectionTrail(id, name)} current="Test connection" />
      <ErrorSummary errors={errors} />
      <PageHeader title="Test connection" subtitle={`${name} · ${connection.address.address}`} />
      {form === null ? <Picker connectionId={id} accounts={accounts} /> : <TypedAccount {...props} form={form} />}
    </div>
  )
}

function Picker(props: { connectionId: string; accounts: readonly AssociatedCredential[] }) {
  return (
    <AccountPicker
      action={paths.signIns(props.connectionId)}
      differentHref={paths.signIns(props.connectionId, { different: 'yes' })}
      accounts={props.accounts.map((account) => ({
        id: account.credentialId,
        name: account.name,
        isDefault: account.isDefault,
        meta: accountInWords(account),
      }))}
    />
  )
}

function TypedAccount(props: {
  connection: ConnectionDetail
  accounts: readonly AssociatedCredential[]
  type: CredentialType
  types: TypeLinks
  form: SignInForm
  storedCredentials: boolean
}) {
  const { connection, accounts, form, type } = props
  return (
    <>
      <Refusal form={form} connectionName={connection.name} />
      <TypeTabs types={props.types} />
      <Form
        files={hasFiles(type)}
        action={paths.signIns(connection.id, { different: 'yes' })}
        hidden={{ type: type.id, destination: connection.destination }}
        class="typed-account"
      >
        <SpecFields
          specs={type.fields}
          values={form.values}
          errors={form.errors ?? {}}
          autofocus={form.errors || form.refusal ? undefined : type.fields[0]?.id}
        />
        {props.storedCredentials ? <SaveChoice form={form} /> : null}
        <Actions>
          <span class="when-not-saving">
            <Button name="intent" value="sign-in">
              Sign in
            </Button>
          </span>
          {props.storedCredentials ? (
            <span class="when-saving">
              <Button name="intent" value="save-and-sign-in">
                Save and sign in
              </Button>
            </span>
          ) : null}
          {form.refusal === undefined ? null : (
            <Button variant="secondary" name="intent" value="save">
              Save without signing in
            </Button>
          )}
          <CancelLink href={accounts.length > 0 ? paths.signIns(connection.id) : paths.connection(connection.id)} />
        </Actions>
      </Form>
    </>
  )
}

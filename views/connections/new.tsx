import type { Driver } from '../../src/connector/driver.ts'
import type { MissingLibrary } from '../../src/connector/libraries.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { Actions, Button, CancelLink, DefaultButton } from '../ui/button.tsx'
import { CheckboxField } from '../ui/checkbox-field.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { TextField } from '../ui/text-field.tsx'
import { Title } from '../ui/title.tsx'
import { AddParameter, ConnectionFields, type ConnectionForm, connectionErrors } from './form.tsx'
import { PasteAddress } from './paste-address.tsx'
import { WithoutLibrary } from './without-library.tsx'

export type NewConnectionForm = ConnectionForm & {
  /** Why a pasted address could not be read. The address itself is not shown again: it may hold a password. */
  readonly pasteError?: string
  /** What a pasted address held beside the fields. */
  readonly taken?: Taken
}

export type Taken = {
  readonly username: string | null
  /** Under which the password is held in memory for ten minutes; null where the address held none. */
  readonly handle: string | null
  readonly ignored: readonly string[]
  readonly accountName: string
  readonly save: boolean
  /** True where a secret was taken out that is kept nowhere. */
  readonly dropped?: boolean
}

/** The page that adds a data connection: the driver's fields, or a pasted address that is taken apart into them. */
export function NewConnectionPage(props: {
  driver: Driver
  missing: MissingLibrary | null
  /** An address as one would paste it. */
  example: string
  form: NewConnectionForm
  storedCredentials: boolean
}) {
  const { driver, form, missing } = props
  const pasteErrors = form.pasteError === undefined ? [] : [{ field: 'address', message: form.pasteError }]
  const errors = [...pasteErrors, ...connectionErrors(driver, form), ...accountError(form)]
  return (
    <div class="narrow">
      <Title error={errors.length > 0}>Add {driver.label} connection</Title>
      <Breadcrumbs
        trail={[
          { label: 'Data connections', href: paths.connections() },
          { label: 'Add connection', href: paths.newConnection() },
        ]}
        current={driver.label}
      />
      <ErrorSummary errors={errors} />
      <PageHeader title={`Add ${driver.label} connection`} />
      {missing === null ? <FieldsOrAddress {...props} /> : <WithoutLibrary label={driver.label} missing={missing} />}
    </div>
  )
}

function FieldsOrAddress(props: {
  driver: Driver
  example: string
  form: NewConnectionForm
  storedCredentials: boolean
}) {
  const { driver, form } = props
  return (
    <>
      <PasteAddress
        action={paths.newConnection({ driver: driver.id })}
        example={props.example}
        problem={form.pasteError ?? null}
      />
      <Form action={paths.newConnection({ driver: driver.id })}>
        <DefaultButton />
        <ConnectionFields driver={driver} form={form} />
        <AddParameter driver={driver} form={form} />
        <TakenFromAddress form={form} storedCredentials={props.storedCredentials} />
        <Actions>
          <Button>Add data connection</Button>
          <CancelLink href={paths.connections()} />
        </Actions>
      </Form>
    </>
  )
}

function TakenFromAddress(props: { form: NewConnectionForm; storedCredentials: boolean }) {
  const { taken, errors } = props.form
  if (taken === undefined) return null
  return (
    <>
      {taken.ignored.length === 0 ? null : (
        <Notice>These options of the address are not used: {taken.ignored.join(', ')}.</Notice>
      )}
      {taken.dropped ? (
        <Notice>
          The address held a key, a token or another secret. It was taken out and is not kept. Type it when you use the
          connection, or store it under Credentials.
        </Notice>
      ) : null}
      {taken.handle === null ? null : (
        <Notice title="The address held a username and a password">
          <p>They were taken out of it{taken.username === null ? '' : ` (username ${taken.username})`}.</p>
          {props.storedCredentials ? (
            <>
              <input type="hidden" name="taken" value={taken.handle} />
              <CheckboxField
                name="save"
                label="Securely save credentials"
                hint="Sealed and associated with this connection."
                checked={taken.save}
              />
              <TextField
                name="account"
                label="Account name"
                value={taken.accountName}
                error={errors?.account}
                maximumLength={100}
              />
            </>
          ) : (
            <p>
              Stored credentials are switched off here, so they are forgotten. Type them when you use the connection.
            </p>
          )}
        </Notice>
      )}
    </>
  )
}

function accountError(form: NewConnectionForm) {
  const message = form.errors?.account
  return message === undefined ? [] : [{ field: 'account', message }]
}

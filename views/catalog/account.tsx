import type { Child } from 'hono/jsx'
import type { AssociatedCredential } from '../../src/connections/queries.ts'
import type { CredentialType } from '../../src/credentials/credential-type.ts'
import { accountInWords } from '../credentials/account-words.ts'
import { type AccountForm, accountErrors, hasFiles } from '../credentials/fields.tsx'
import { SaveChoice } from '../credentials/save-choice.tsx'
import { type TypeLinks, TypeTabs } from '../credentials/type-choice.tsx'
import { AccountPicker } from '../ui/account-picker.tsx'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { SpecFields } from '../ui/spec-field.tsx'
import { Title } from '../ui/title.tsx'
import { Refused } from './refusal.tsx'

export type TypedAccountForm = AccountForm & {
  readonly save: boolean
  /** The credential type that was typed; the first of its driver where it is not said. */
  readonly typeId?: string
  /** True where typed credentials were held and are not any more. */
  readonly gone?: boolean
}

export const blankAccountForm: TypedAccountForm = { name: '', description: '', values: {}, save: false }

/** What a page that needs an account knows. `carried` are hidden inputs: what was chosen before and must survive. */
export type AccountStepProps = {
  readonly title: string
  readonly subtitle: string
  readonly breadcrumbs: Child
  /** Where both the picker and the form post. */
  readonly action: string
  readonly differentHref: string
  readonly cancelHref: string
  readonly accounts: readonly AssociatedCredential[]
  readonly type: CredentialType
  /** Where the connection leads as the page shows it (canonical text): what is typed goes nowhere else. */
  readonly destination: string
  readonly types: TypeLinks
  /** Null while the picker is shown instead of the form. */
  readonly form: TypedAccountForm | null
  readonly storedCredentials: boolean
  /** What the button without saving says: **Sign in** where more steps follow. */
  readonly use: string
  readonly carried?: Child
}

/** The step that asks which account: the stored ones, or typed credentials that are used once unless they are saved. */
export function AccountStepPage(props: AccountStepProps) {
  const { form, type } = props
  const errors = form === null ? [] : accountErrors(type, form)
  return (
    <div class="narrow">
      <Title error={errors.length > 0}>{props.title}</Title>
      {props.breadcrumbs}
      <ErrorSummary errors={errors} />
      <PageHeader title={props.title} subtitle={props.subtitle} />
      {form === null ? <Picker {...props} /> : <TypedAccount {...props} form={form} />}
    </div>
  )
}

function Picker(props: AccountStepProps) {
  return (
    <AccountPicker
      action={props.action}
      differentHref={props.differentHref}
      accounts={props.accounts.map((account) => ({
        id: account.credentialId,
        name: account.name,
        isDefault: account.isDefault,
        meta: accountInWords(account),
      }))}
    />
  )
}

function TypedAccount(props: AccountStepProps & { form: TypedAccountForm }) {
  const { form, type, storedCredentials } = props
  return (
    <>
      {form.gone ? (
        <Notice tone="warning" title="Sign in again.">
          Typed credentials are held for ten minutes and by one process of Keyward only, and these are not held any
          more. What you chose is kept.
        </Notice>
      ) : null}
      {form.refusal === undefined ? null : <Refused diagnosis={form.refusal} />}
      <TypeTabs types={props.types} />
      <form
        method="post"
        action={props.action}
        novalidate
        enctype={hasFiles(type) ? 'multipart/form-data' : undefined}
        class="typed-account"
      >
        <input type="hidden" name="type" value={type.id} />
        <input type="hidden" name="destination" value={props.destination} />
        {props.carried}
        <SpecFields
          specs={type.fields}
          values={form.values}
          errors={form.errors ?? {}}
          autofocus={form.errors || form.refusal ? undefined : type.fields[0]?.id}
        />
        {storedCredentials ? <SaveChoice form={form} /> : null}
        <Actions>
          <span class="when-not-saving">
            <Button name="sign-in" value="once">
              {props.use}
            </Button>
          </span>
          {storedCredentials ? (
            <span class="when-saving">
              <Button name="sign-in" value="save">
                Save and sign in
              </Button>
            </span>
          ) : null}
          <CancelLink href={props.cancelHref} />
        </Actions>
      </form>
    </>
  )
}

import type { CredentialDetail } from '../../src/credentials/queries.ts'
import { paths } from '../../src/paths.ts'
import { Trail } from '../associations/removal.tsx'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { CheckboxField } from '../ui/checkbox-field.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form, FormButton } from '../ui/form.tsx'
import { PageHeader, Section } from '../ui/page-header.tsx'
import { SelectField } from '../ui/select-field.tsx'
import { TextField } from '../ui/text-field.tsx'
import { absoluteTime } from '../ui/time.tsx'
import { Title } from '../ui/title.tsx'
import { whoSays } from './expiry-state.tsx'

export type ExpiryForm = {
  /** As a date field has it: `2027-01-31`. */
  readonly date: string
  readonly zone: string
  readonly none: boolean
  /** The date that the form was shown with, which does not count as typed. */
  readonly shown: string
  readonly errors?: Readonly<{ date?: string; zone?: string; none?: string }>
}

/** The page on which an owner says when credentials end, and sees what their data stores say. */
export function ExpiryPage(props: { detail: CredentialDetail; zones: readonly string[]; form: ExpiryForm }) {
  const { detail, form } = props
  const errors = Object.entries(form.errors ?? {}).map(([field, message]) => ({ field, message }))
  return (
    <div class="narrow">
      <Title error={errors.length > 0}>Expiry of {detail.name}</Title>
      <Trail credential={detail} current="Expiry" />
      <ErrorSummary errors={errors} />
      <PageHeader title="Expiry" subtitle={detail.name} />
      <Present detail={detail} />
      <Fields {...props} />
      {detail.expirySource === 'set' ? <ByHand detail={detail} /> : null}
    </div>
  )
}

function Present(props: { detail: CredentialDetail }) {
  const { detail } = props
  const { expiresAt, expirySource } = detail
  if (expirySource === null) {
    return <p>Nobody has said when version {detail.version} of these credentials ends.</p>
  }
  if (expiresAt === null) return <p>Version {detail.version} of these credentials does not end, as set by hand.</p>
  return (
    <p>
      Version {detail.version} of these credentials ends on {absoluteTime(expiresAt)}, {whoSays(detail)}.
    </p>
  )
}

function Fields(props: { detail: CredentialDetail; zones: readonly string[]; form: ExpiryForm }) {
  const { detail, zones, form } = props
  const { date, zone, none } = form.errors ?? {}
  return (
    <Form action={paths.credentialExpiry(detail.id)} hidden={{ shown: form.shown }}>
      <TextField
        name="date"
        label="Expires on"
        type="date"
        hint="The credentials count as good until this day is over. A new version starts without an expiry."
        value={form.date}
        autofocus={form.errors === undefined}
        {...(date === undefined ? {} : { error: date })}
      />
      <SelectField
        name="zone"
        label="Time zone"
        hint="Where that day ends. What is kept and shown is that moment in UTC."
        options={zones.map((name) => ({ value: name, label: name }))}
        value={form.zone}
        {...(zone === undefined ? {} : { error: zone })}
      />
      <CheckboxField
        name="none"
        label="No expiry"
        hint="Instead of a date. Nobody is reminded, whatever the data stores say."
        checked={form.none}
        {...(none === undefined ? {} : { error: none })}
      />
      <Actions>
        <Button>Save expiry</Button>
        <CancelLink href={paths.credential(detail.id)} />
      </Actions>
    </Form>
  )
}

/** What was set by hand hides what the data stores say, so it is said here, with the way back to it. */
function ByHand(props: { detail: CredentialDetail }) {
  const { id, associations } = props.detail
  const told = associations.filter(({ learnedExpiresAt }) => learnedExpiresAt !== null)
  return (
    <Section
      title="What the data stores say"
      actions={
        <FormButton action={paths.credentialExpiry(id)} hidden={{ intent: 'as learned' }}>
          Go by what they say
        </FormButton>
      }
    >
      {told.length === 0 ? (
        <p>None of them has said that this account ends. A token that says so itself is read again.</p>
      ) : (
        <ul>
          {told.map(({ driverLabel, connectionName, learnedExpiresAt }) => (
            <li>
              {driverLabel} says on {connectionName} that this account ends on{' '}
              {learnedExpiresAt === null ? '' : absoluteTime(learnedExpiresAt)}.
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}

import type { CredentialDetail } from '../../src/credentials/queries.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form, FormButton } from '../ui/form.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { TextField } from '../ui/text-field.tsx'
import { absoluteTime } from '../ui/time.tsx'
import { Title } from '../ui/title.tsx'

/** What was typed, as `datetime-local` inputs send it. */
export type MaintenanceForm = {
  readonly from: string
  readonly until: string
  readonly errors?: Readonly<{ from?: string; until?: string }>
}

/** The page on which an owner has nothing use their credentials by itself for a while. */
export function MaintenancePage(props: { detail: CredentialDetail; form: MaintenanceForm }) {
  const { detail, form } = props
  const errors = Object.entries(form.errors ?? {}).map(([field, message]) => ({ field, message }))
  const trail = [
    { label: 'Credentials management', href: paths.credentials() },
    { label: detail.name, href: paths.credential(detail.id) },
  ]
  return (
    <div class="narrow">
      <Title error={errors.length > 0}>Maintenance window of {detail.name}</Title>
      <Breadcrumbs trail={trail} current="Maintenance window" />
      <ErrorSummary errors={errors} />
      <PageHeader title="Maintenance window" subtitle={detail.name} />
      <p>
        While a data store is worked on, hold what uses these credentials by itself. Health checks and scheduled
        refreshes wait, and are made up for when the window ends unless a schedule only lists what it missed. What a
        person starts still signs in.
      </p>
      <Current detail={detail} />
      <WindowForm {...props} />
    </div>
  )
}

function Current(props: { detail: CredentialDetail }) {
  const { id, hold } = props.detail
  if (hold === null) return null
  return (
    <Notice tone="warning" title={hold.begun ? 'Held now' : 'Planned'}>
      <p>
        From {absoluteTime(hold.from)} until {absoluteTime(hold.until)}.
      </p>
      <FormButton action={paths.maintenanceEnd(id)}>{hold.begun ? 'End it now' : 'Take it back'}</FormButton>
    </Notice>
  )
}

function WindowForm(props: { detail: CredentialDetail; form: MaintenanceForm }) {
  const { detail, form } = props
  const { from, until } = form.errors ?? {}
  return (
    <Form action={paths.maintenance(detail.id)}>
      <TextField
        name="from"
        label="From (UTC)"
        hint={`It is ${absoluteTime(new Date()).slice(0, 16)} UTC now. Leave it blank to begin at once.`}
        type="datetime-local"
        optional
        value={form.from}
        error={from}
        autofocus={form.errors === undefined}
      />
      <TextField
        name="until"
        label="Until (UTC)"
        hint="At most 30 days after it begins."
        type="datetime-local"
        value={form.until}
        error={until}
      />
      <Actions>
        <Button>Save maintenance window</Button>
        <CancelLink href={paths.credential(detail.id)} />
      </Actions>
    </Form>
  )
}

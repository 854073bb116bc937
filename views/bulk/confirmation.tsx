import type { Child } from 'hono/jsx'
import type { ShownJob } from '../../src/bulk/bulk.ts'
import { paths } from '../../src/paths.ts'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { CheckboxField } from '../ui/checkbox-field.tsx'
import type { FormError } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { TextField } from '../ui/text-field.tsx'

/** What was typed on the page of a job. */
export type BulkTyped = { readonly email?: string; readonly date?: string; readonly none?: boolean }

type Props = { shown: ShownJob; typed: BulkTyped; errors: readonly FormError[]; title: string }

/** What is left to say before a job, and the button that begins it. */
export function Confirmation(props: Props) {
  const { job } = props.shown
  if (job.action === 'transfer') return <TransferConfirmation {...props} />
  if (job.action === 'expiry') {
    return (
      <Confirm {...props}>
        <ExpiryFields {...props} />
      </Confirm>
    )
  }
  return <Confirm {...props} />
}

function Confirm(props: Props & { children?: Child }) {
  const { id, action } = props.shown.job
  return (
    <Form action={paths.bulkJob(id)} hidden={{ intent: 'confirm' }}>
      {props.children}
      <Actions>
        <Button variant={action === 'delete' || action === 'transfer' ? 'confirm-danger' : 'primary'}>
          {props.title}
        </Button>
        <CancelLink href={paths.credentials({ select: 'yes' })} />
      </Actions>
    </Form>
  )
}

function TransferConfirmation(props: Props) {
  const { shown, typed, errors } = props
  const { job, transfer } = shown
  const losing = transfer?.associationsLost ?? 0
  return (
    <>
      <Form action={paths.bulkJob(job.id)} hidden={{ intent: 'owner' }}>
        <TextField
          name="email"
          type="email"
          label="E-mail address of the new owner"
          value={typed.email ?? job.newOwner?.email ?? ''}
          error={errorOf(errors, 'email')}
          maximumLength={254}
        />
        <Actions>
          <Button variant={job.newOwner === null ? 'primary' : 'secondary'}>
            {job.newOwner === null ? 'Look what would happen' : 'Look again'}
          </Button>
          {job.newOwner === null ? <CancelLink href={paths.credentials({ select: 'yes' })} /> : null}
        </Actions>
      </Form>
      {job.newOwner === null ? null : (
        <Confirm {...props}>
          {losing === 0 ? null : (
            <CheckboxField
              name="agreed"
              label="Remove the associations that the new owner may not use"
              hint="Without this, the accounts that have such an association stay yours."
            />
          )}
        </Confirm>
      )}
    </>
  )
}

function ExpiryFields({ typed, errors }: Props) {
  return (
    <>
      <TextField
        name="date"
        label="Expires on"
        hint="The last day, such as 2027-01-31, to its end in UTC."
        value={typed.date ?? ''}
        error={errorOf(errors, 'date')}
        width="short"
        maximumLength={10}
      />
      <CheckboxField name="none" label="They do not expire" checked={typed.none ?? false} />
    </>
  )
}

function errorOf(errors: readonly FormError[], field: string): string | undefined {
  return errors.find((error) => error.field === field)?.message
}

import type { Driver } from '../../src/connector/driver.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { Actions, Button, CancelLink, DefaultButton } from '../ui/button.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Table } from '../ui/table.tsx'
import { Title } from '../ui/title.tsx'
import { connectionTrail } from './address.tsx'
import { AddParameter, ConnectionFields, type ConnectionForm, connectionErrors } from './form.tsx'

export type EditConnectionForm = ConnectionForm & {
  readonly revision: number
  /** What is stored now, where someone else saved in between. */
  readonly conflict?: { readonly name: string; readonly parameters: Readonly<Record<string, string>> }
  /** Set where the destination would change: the accounts that would stop until their owner confirms. */
  readonly stops?: Stops
}

export type Stops = { readonly names: readonly string[]; readonly others: number }

/** The page that edits a data connection. A changed destination is saved only after it has said what stops. */
export function EditConnectionPage(props: { id: string; savedName: string; driver: Driver; form: EditConnectionForm }) {
  const { id, savedName, driver, form } = props
  const conflict = 'This connection was changed while you were typing, by someone else or in another window of yours.'
  const stops = 'The destination changes. Check what stops, then save again.'
  const errors = form.conflict
    ? [{ field: null, message: conflict }]
    : form.stops
      ? [{ field: null, message: stops }]
      : connectionErrors(driver, form)
  const hidden = { revision: String(form.revision), ...(form.stops ? { confirmed: 'destination' } : {}) }
  return (
    <div class="narrow">
      <Title error={errors.length > 0}>Edit {savedName}</Title>
      <Breadcrumbs trail={connectionTrail(id, savedName)} current="Edit" />
      <ErrorSummary errors={errors} />
      <PageHeader title="Edit connection" subtitle={savedName} />
      <Conflict form={form} driver={driver} />
      {form.stops === undefined ? null : <StopsNotice stops={form.stops} />}
      <Form action={paths.editConnection(id)} hidden={hidden}>
        <DefaultButton />
        <ConnectionFields driver={driver} form={form} />
        <AddParameter driver={driver} form={form} />
        <Actions>
          <Button>{form.stops === undefined ? 'Save connection' : 'Save and stop these accounts'}</Button>
          <CancelLink href={paths.connection(id)} />
        </Actions>
      </Form>
    </div>
  )
}

function StopsNotice(props: { stops: Stops }) {
  const { names, others } = props.stops
  return (
    <Notice tone="warning" title="These accounts stop until their owner confirms the new destination">
      <ul>
        {names.map((name) => (
          <li>{name}</li>
        ))}
        {others > 0 ? <li>{others === 1 ? '1 account' : `${others} accounts`} of other people</li> : null}
      </ul>
    </Notice>
  )
}

function Conflict(props: { form: EditConnectionForm; driver: Driver }) {
  const { form, driver } = props
  if (form.conflict === undefined) return null
  const rows = [
    ['Connection name', form.conflict.name, form.name],
    ...driver.parameters.map((spec) => [
      spec.label,
      form.conflict?.parameters[spec.id] ?? spec.fallback ?? '',
      form.values[spec.id] ?? spec.fallback ?? '',
    ]),
  ].filter(([, stored, own], row) => row === 0 || stored !== '' || own !== '')
  return (
    <>
      <Table
        caption="Both sides"
        columns={[{ label: 'Field' }, { label: 'Stored now' }, { label: 'Yours' }]}
        rows={rows}
      />
      <Notice tone="warning">Saving now replaces what is stored with yours.</Notice>
    </>
  )
}

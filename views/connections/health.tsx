import type { ConnectionDetail } from '../../src/connections/queries.ts'
import type { Health } from '../../src/health/health.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { PageHeader, Section } from '../ui/page-header.tsx'
import { SelectField } from '../ui/select-field.tsx'
import { Table } from '../ui/table.tsx'
import { absoluteTime } from '../ui/time.tsx'
import { Title } from '../ui/title.tsx'
import { AddressLine, connectionTrail } from './address.tsx'
import { HealthState, HealthStrip, LookOutcome } from './health-strip.tsx'

export type HealthForm = {
  readonly every: string
  readonly account: string
  readonly errors?: Readonly<{ every?: string; account?: string }>
}

const everyChoices = [
  { value: '', label: 'Never' },
  { value: '15', label: 'Every 15 minutes' },
  { value: '60', label: 'Every hour' },
  { value: '360', label: 'Every 6 hours' },
  { value: '1440', label: 'Every day' },
]

/** The page on which an owner has a connection tried by itself, and sees what came of it. */
export function HealthPage(props: { connection: ConnectionDetail; health: Health; form: HealthForm }) {
  const { connection, health, form } = props
  const errors = Object.entries(form.errors ?? {}).map(([field, message]) => ({ field, message }))
  return (
    <div class="narrow">
      <Title error={errors.length > 0}>Health checks of {connection.name}</Title>
      <Breadcrumbs trail={connectionTrail(connection.id, connection.name)} current="Health checks" />
      <ErrorSummary errors={errors} />
      <PageHeader title="Health checks" subtitle={connection.name} />
      <AddressLine address={connection.address} />
      <HealthState health={health} />
      {health.accounts.length === 0 ? <NoAccount id={connection.id} /> : <Settings {...props} />}
      {health.looks.length === 0 ? null : (
        <Section title="What came of them">
          <HealthStrip looks={health.looks} />
          <LookTable health={health} />
        </Section>
      )}
    </div>
  )
}

function NoAccount(props: { id: string }) {
  return (
    <EmptyState title="No stored account">
      Health checks sign in with one of your accounts.{' '}
      <a href={paths.newConnectionCredential(props.id)}>Add credentials</a> first.
    </EmptyState>
  )
}

function Settings(props: { connection: ConnectionDetail; health: Health; form: HealthForm }) {
  const { connection, health, form } = props
  const { every, account } = form.errors ?? {}
  const accounts = health.accounts.map(({ credentialId, name, isDefault }) => ({
    value: credentialId,
    label: isDefault ? `${name} (default)` : name,
  }))
  return (
    <Form action={paths.connectionHealth(connection.id)}>
      <SelectField
        name="every"
        label="Sign in by itself"
        hint="Each time is a use in your name: it is in Activity and in the log of the data store."
        options={everyChoices}
        value={form.every}
        {...(every === undefined ? {} : { error: every })}
      />
      <SelectField
        name="account"
        label="With account"
        options={accounts}
        value={form.account}
        {...(account === undefined ? {} : { error: account })}
      />
      <Actions>
        <Button>Save health checks</Button>
        <CancelLink href={paths.connection(connection.id)} />
      </Actions>
    </Form>
  )
}

function LookTable(props: { health: Health }) {
  const rows = props.health.looks.map((look) => [
    <time datetime={look.at.toISOString()}>{absoluteTime(look.at)}</time>,
    <LookOutcome code={look.code} />,
    look.code.startsWith('skipped.') ? '' : `${look.milliseconds} ms`,
  ])
  return (
    <Table
      caption={`Last ${rows.length === 1 ? 'check' : `${rows.length} checks`}, the newest first`}
      columns={[{ label: 'Time' }, { label: 'Outcome' }, { label: 'Took', numeric: true }]}
      rows={rows}
    />
  )
}

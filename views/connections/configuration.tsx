import type { ConnectionDetail } from '../../src/connections/queries.ts'
import type { Driver } from '../../src/connector/driver.ts'
import type { MissingLibrary } from '../../src/connector/libraries.ts'
import type { Health } from '../../src/health/health.ts'
import { paths } from '../../src/paths.ts'
import type { SignIn } from '../../src/sign-ins/sign-ins.ts'
import { roleNames } from '../sharing/role-field.tsx'
import { LinkButton } from '../ui/button.tsx'
import { Facts } from '../ui/facts.tsx'
import { Section } from '../ui/page-header.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { SignInOutcome } from './address.tsx'
import { ConnectionFrame } from './frame.tsx'
import { HealthSection } from './health-strip.tsx'
import { WithoutLibrary } from './without-library.tsx'

/** The **Configuration** tab: the driver's parameters, with edit and delete, and the last sign-ins. */
export function ConfigurationPage(props: {
  connection: ConnectionDetail
  driver: Driver | undefined
  /** What the driver lacks here, so that the connection cannot be used. */
  missing: MissingLibrary | null
  recent: readonly SignIn[]
  /** Null where stored credentials are off, which it signs in with. */
  health: Health | null
  storedCredentials: boolean
}) {
  const { connection, recent } = props
  const { id } = connection
  return (
    <ConnectionFrame connection={connection} current="Configuration" storedCredentials={props.storedCredentials}>
      <Section
        title="Configuration"
        actions={
          <>
            {connection.role === 'consumer' ? null : (
              <LinkButton href={paths.editConnection(id)} shortcut="e">
                Edit connection
              </LinkButton>
            )}
            {connection.role === 'owner' ? (
              <LinkButton href={paths.connectionDeletion(id)} variant="danger">
                Delete
              </LinkButton>
            ) : null}
          </>
        }
      >
        <Facts facts={factsOf(connection, props.driver)} />
      </Section>
      {props.health === null ? null : (
        <HealthSection connectionId={id} health={props.health} mayChange={connection.role === 'owner'} />
      )}
      {props.missing === null ? null : <WithoutLibrary label={connection.driverLabel} missing={props.missing} />}
      <Section title="Last sign-ins">
        {recent.length === 0 ? (
          <p>
            {connection.role === 'owner' ? 'Nobody has' : 'You have not'} signed in yet.{' '}
            <a href={paths.signIns(id)}>Test connection</a> says whether it works.
          </p>
        ) : (
          <RecentSignIns connectionId={id} recent={recent} />
        )}
      </Section>
    </ConnectionFrame>
  )
}

function factsOf(connection: ConnectionDetail, driver: Driver | undefined) {
  const parameters = driver?.parameters ?? []
  return [
    { label: 'Data store', value: connection.driverLabel },
    ...parameters.map((spec) => {
      const value = connection.parameters[spec.id] ?? spec.fallback ?? ''
      const shown = spec.choices?.find((choice) => choice.value === value)?.label ?? value
      if (shown === '') return null
      return { label: spec.label, value: spec.kind === 'multiline' ? <pre>{shown}</pre> : shown }
    }),
    { label: 'Owner', value: connection.ownerName },
    connection.role === 'owner' ? null : { label: 'Your role', value: roleNames[connection.role] },
    { label: 'Added', value: <Time at={connection.createdAt} /> },
    { label: 'Changed', value: <Time at={connection.updatedAt} /> },
  ]
}

function RecentSignIns(props: { connectionId: string; recent: readonly SignIn[] }) {
  const rows = props.recent.map((signIn) => [
    signIn.accountName,
    <SignInOutcome at={signIn.startedAt} code={signIn.code} />,
    <a href={paths.signIn(props.connectionId, signIn.id)}>Diagnosis</a>,
  ])
  return (
    <Table
      caption="Last sign-ins"
      captionHidden
      columns={[{ label: 'Account' }, { label: 'Outcome' }, { label: 'Diagnosis', hiddenLabel: true }]}
      rows={rows}
    />
  )
}

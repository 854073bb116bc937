import type { ConnectionDetail } from '../../src/connections/queries.ts'
import { paths } from '../../src/paths.ts'
import type { ShownSignIn } from '../../src/sign-ins/sign-ins.ts'
import { AddressLine, connectionTrail } from '../connections/address.tsx'
import { PrivilegesSeen } from '../credentials/privileges.tsx'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { Actions, LinkButton } from '../ui/button.tsx'
import { DiagnosisLadder } from '../ui/diagnosis-ladder.tsx'
import { FormButton } from '../ui/form.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Time } from '../ui/time.tsx'
import { Title } from '../ui/title.tsx'

/** The page of one sign-in: whether it worked, and the ladder it climbed. */
export function SignInPage(props: { connection: ConnectionDetail; signIn: ShownSignIn; isAdministrator: boolean }) {
  const { connection, signIn } = props
  const ok = signIn.code === 'ok'
  const failed = signIn.diagnosis.find((rung) => rung.state === 'failed')
  return (
    <div class="narrow">
      <Title error={!ok}>{ok ? `Signed in to ${connection.name}` : `Sign-in to ${connection.name} failed`}</Title>
      <Breadcrumbs trail={connectionTrail(connection.id, connection.name)} current="Sign-in" />
      <PageHeader
        title={ok ? `Signed in to ${connection.name}` : `Sign-in to ${connection.name} failed`}
        subtitle={
          <>
            as <strong>{signIn.accountName}</strong>, <Time at={signIn.startedAt} />
          </>
        }
      />
      <AddressLine address={connection.address} />
      {failed === undefined ? null : (
        <Notice tone="danger" title={failed.sentence}>
          {failed.nextStep}
        </Notice>
      )}
      <DiagnosisLadder diagnosis={signIn.diagnosis} />
      <PrivilegesSeen privileges={signIn.privileges} />
      <Actions>
        {signIn.credentialId === null ? null : (
          <FormButton action={paths.signIns(connection.id)} hidden={{ account: signIn.credentialId }}>
            Test again
          </FormButton>
        )}
        <LinkButton href={paths.signIns(connection.id)} shortcut="t">
          {signIn.credentialId === null ? 'Test connection' : 'Test with another account'}
        </LinkButton>
        {signIn.code === 'policy.refused' && props.isAdministrator ? (
          <LinkButton href={paths.egress()}>See what is allowed</LinkButton>
        ) : null}
        <LinkButton href={paths.connection(connection.id)}>Back to {connection.name}</LinkButton>
      </Actions>
    </div>
  )
}

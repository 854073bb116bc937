import type { User } from '../../src/access/users.ts'
import { paths } from '../../src/paths.ts'
import { Badge } from '../ui/badge.tsx'
import { LinkButton } from '../ui/button.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { FormButton } from '../ui/form.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Table } from '../ui/table.tsx'
import { Title } from '../ui/title.tsx'

/** Everyone in the organization. */
export function UsersPage(props: { users: readonly User[]; ownId: string; error?: string }) {
  const errors = props.error === undefined ? [] : [{ field: null, message: props.error }]
  const columns = [
    { label: 'Name' },
    { label: 'E-mail' },
    { label: 'Role' },
    { label: 'State' },
    { label: 'Action', hiddenLabel: true },
  ]
  return (
    <>
      <Title error={errors.length > 0}>Users</Title>
      <ErrorSummary errors={errors} />
      <PageHeader
        title="Users"
        actions={
          <>
            <LinkButton href={paths.features()}>Feature access</LinkButton>
            <LinkButton href={paths.newUser()} variant="primary" shortcut="n">
              + Add user
            </LinkButton>
          </>
        }
      />
      <Table
        caption="Users"
        captionHidden
        columns={columns}
        rows={props.users.map((user) => [
          user.name,
          user.email,
          user.role === 'administrator' ? 'Administrator' : 'Member',
          user.disabledAt === null ? <Badge tone="success">Active</Badge> : <Badge>Disabled</Badge>,
          <Change user={user} isOwn={user.id === props.ownId} />,
        ])}
      />
    </>
  )
}

function Change({ user, isOwn }: { user: User; isOwn: boolean }) {
  if (isOwn) return <a href={paths.ownPassword()}>Change password</a>
  if (user.disabledAt !== null) {
    return (
      <FormButton action={paths.userEnabling(user.id)} label={`Enable ${user.name}`}>
        Enable
      </FormButton>
    )
  }
  return (
    <FormButton action={paths.userDisabling(user.id)} variant="danger" label={`Disable ${user.name}`}>
      Disable
    </FormButton>
  )
}

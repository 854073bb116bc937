import type { FeatureSetting } from '../../src/access/features.ts'
import type { User } from '../../src/access/users.ts'
import { paths } from '../../src/paths.ts'
import { Badge } from '../ui/badge.tsx'
import { Actions, Button, LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form, FormButton } from '../ui/form.tsx'
import { PageHeader, Section } from '../ui/page-header.tsx'
import { RadioField } from '../ui/radio-field.tsx'
import { SelectField } from '../ui/select-field.tsx'
import { Table } from '../ui/table.tsx'
import { Title } from '../ui/title.tsx'

type Props = { setting: FeatureSetting; users: readonly User[]; error?: string | undefined }

/** Whether *Stored credentials* is on for the organization, and for whom it is different. */
export function FeatureAccessPage(props: Props) {
  const errors = props.error === undefined ? [] : [{ field: 'user', message: props.error }]
  return (
    <div class="narrow">
      <Title error={errors.length > 0}>Feature access</Title>
      <ErrorSummary errors={errors} />
      <PageHeader title="Feature access" actions={<LinkButton href={paths.users()}>Users</LinkButton>} />
      <StoredCredentials setting={props.setting} />
      <Exceptions {...props} />
    </div>
  )
}

function StoredCredentials({ setting }: { setting: FeatureSetting }) {
  const { enabled, decided } = setting
  return (
    <Section title="Stored credentials">
      <p>
        {enabled ? <Badge tone="success">On</Badge> : <Badge>Off</Badge>} for everyone in the organization
        {decided ? '.' : ', which is the default here.'}
      </p>
      <p>
        {enabled
          ? 'People store passwords and keys here and use them without typing them again. Switching this off deletes nothing; what is stored cannot be used until it is on again.'
          : 'Nothing is stored and nothing stored is used. Credentials are typed each time, used once and forgotten.'}
      </p>
      <FormButton
        action={paths.features()}
        hidden={{ intent: 'switch', enabled: enabled ? 'off' : 'on' }}
        variant={enabled ? 'danger' : 'primary'}
        fullPage
      >
        {enabled ? 'Switch Stored credentials off' : 'Switch Stored credentials on'}
      </FormButton>
    </Section>
  )
}

function Exceptions({ setting, users, error }: Props) {
  return (
    <Section title="Exceptions">
      {setting.exceptions.length === 0 ? (
        <EmptyState title="No exceptions" level={3}>
          Everyone has what the organization has. Give someone else something different below.
        </EmptyState>
      ) : (
        <ExceptionTable setting={setting} users={users} />
      )}
      <Form action={paths.features()} hidden={{ intent: 'exception' }} fullPage label="Exception">
        <SelectField
          name="user"
          label="User"
          error={error}
          options={users.map(({ id, name, email }) => ({ value: id, label: `${name} (${email})` }))}
        />
        <RadioField
          name="enabled"
          label="Stored credentials for this user"
          value={setting.enabled ? 'off' : 'on'}
          options={[
            { value: 'on', label: 'On' },
            { value: 'off', label: 'Off' },
            { value: 'organization', label: 'As the organization has it' },
          ]}
        />
        <Actions>
          <Button variant="secondary">Save exception</Button>
        </Actions>
      </Form>
    </Section>
  )
}

function ExceptionTable({ setting, users }: Props) {
  const nameOf = (id: string) => users.find((user) => user.id === id)?.name ?? 'A former user'
  return (
    <Table
      caption="Users with an exception"
      captionHidden
      columns={[{ label: 'User' }, { label: 'Stored credentials' }, { label: 'Action', hiddenLabel: true }]}
      rows={setting.exceptions.map(({ userId, enabled }) => [
        nameOf(userId),
        enabled ? 'On' : 'Off',
        <FormButton
          action={paths.features()}
          hidden={{ intent: 'exception', user: userId, enabled: 'organization' }}
          label={`Remove exception of ${nameOf(userId)}`}
          fullPage
        >
          Remove exception
        </FormButton>,
      ])}
    />
  )
}

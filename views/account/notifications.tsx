import type { Choice } from '../../src/notifications/choices.ts'
import { paths } from '../../src/paths.ts'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { Form } from '../ui/form.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Title } from '../ui/title.tsx'

/** Where people choose what they get by e-mail too; behind the bell is everything. */
export function NotificationChoicesPage(props: { email: string; choices: readonly Choice[]; sendsEmail: boolean }) {
  const { email, choices, sendsEmail } = props
  return (
    <div class="narrow">
      <Title>Notifications by e-mail</Title>
      <PageHeader title="Notifications by e-mail" subtitle={`Sent to ${email}. Behind the bell you find all of it.`} />
      {sendsEmail ? null : (
        <Notice tone="warning" title="Keyward sends no e-mail here">
          Whoever runs it has not set up a mail server. What you choose applies once they have.
        </Notice>
      )}
      <Form action={paths.notificationChoices()}>
        <fieldset class="field">
          <legend>Also send an e-mail when</legend>
          {choices.map(({ topic, label, email: isChosen }) => (
            <div class="choice">
              <input type="checkbox" id={`topic-${topic}`} name="topic" value={topic} checked={isChosen} />
              <label for={`topic-${topic}`}>{label}</label>
            </div>
          ))}
        </fieldset>
        <Actions>
          <Button>Save choices</Button>
          <CancelLink href={paths.notifications()} />
        </Actions>
      </Form>
    </div>
  )
}

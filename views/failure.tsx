import { paths } from '../src/paths.ts'
import { Actions, Button, LinkButton } from './ui/button.tsx'
import { PageHeader } from './ui/page-header.tsx'
import { Title } from './ui/title.tsx'

/** The form that met the failure, to be sent once more: what was typed, secrets aside. */
export type RepeatedForm = {
  readonly action: string
  readonly fields: readonly (readonly [name: string, value: string])[]
}

/** A page that could not be shown: what happened, and the way on. */
export function FailurePage(props: {
  title: string
  message: string
  requestId?: string | undefined
  again?: RepeatedForm | undefined
}) {
  return (
    <div class="narrow">
      <Title error>{props.title}</Title>
      <PageHeader title={props.title} />
      <p>{props.message}</p>
      {props.requestId === undefined ? null : (
        <p>
          Its log entry has the request id <code>{props.requestId}</code>.
        </p>
      )}
      {props.again === undefined ? null : <RepeatForm form={props.again} />}
      <Actions>
        <LinkButton href={paths.home()}>Go to the start page</LinkButton>
      </Actions>
    </div>
  )
}

function RepeatForm(props: { form: RepeatedForm }) {
  const { action, fields } = props.form
  return (
    <form method="post" action={action} novalidate>
      {fields.map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <p>What you typed is kept, passwords aside: the form asks for those again.</p>
      <Button>Try again</Button>
    </form>
  )
}

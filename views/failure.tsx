import { paths } from '../src/paths.ts'
import { Actions, LinkButton } from './ui/button.tsx'
import { PageHeader } from './ui/page-header.tsx'
import { Title } from './ui/title.tsx'

/** A page that could not be shown: what happened, and the way on. */
export function FailurePage(props: { title: string; message: string; requestId?: string | undefined }) {
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
      <Actions>
        <LinkButton href={paths.home()}>Go to the start page</LinkButton>
      </Actions>
    </div>
  )
}

import type { Child } from 'hono/jsx'
import { Actions, Button, CancelLink } from './button.tsx'
import { ErrorSummary, type FormError } from './error-summary.tsx'
import { Form, type Hidden } from './form.tsx'
import { PageHeader } from './page-header.tsx'
import { Title } from './title.tsx'

/**
 * A page that asks before something is lost: what would happen in `children`, then the one button that does it.
 * `keep` is a second button beside it for the other way on, posted as `name=value`.
 */
export function ConfirmPage(props: {
  title: string
  action: string
  confirm: string
  cancelHref: string
  children: Child
  breadcrumbs?: Child
  errors?: readonly FormError[]
  hidden?: Hidden
  keep?: { label: string; name: string; value: string }
  /** False where nothing is lost that cannot be made again in a step. */
  danger?: boolean
}) {
  const errors = props.errors ?? []
  return (
    <div class="narrow">
      <Title error={errors.length > 0}>{props.title}</Title>
      {props.breadcrumbs}
      <ErrorSummary errors={errors} />
      <PageHeader title={props.title} />
      {props.children}
      <Form action={props.action} {...(props.hidden === undefined ? {} : { hidden: props.hidden })}>
        <Actions>
          <Button variant={props.danger === false ? 'primary' : 'confirm-danger'}>{props.confirm}</Button>
          {props.keep === undefined ? null : (
            <Button variant="secondary" name={props.keep.name} value={props.keep.value}>
              {props.keep.label}
            </Button>
          )}
          <CancelLink href={props.cancelHref} />
        </Actions>
      </Form>
    </div>
  )
}

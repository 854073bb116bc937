import type { Child } from 'hono/jsx'
import { Button, type ButtonVariant, type Shortcut } from './button.tsx'

/** Hidden inputs by name. */
export type Hidden = Readonly<Record<string, string>>

/**
 * A form that posts to `action`; errors come from the server, so the browser's own bubbles are off.
 * `fullPage` is for forms that change what the top bar shows (sign in, sign out, feature access): the browser then
 * loads the answer as a page of its own.
 */
export function Form(props: {
  action: string
  children: Child
  hidden?: Hidden
  fullPage?: boolean
  label?: string
  class?: string
  /** True where files may be sent with it. */
  files?: boolean
  /** True where rows are selected in it: what is checked outlives other pages of the list. */
  selection?: boolean
}) {
  return (
    <form
      method="post"
      action={props.action}
      novalidate
      enctype={props.files ? 'multipart/form-data' : undefined}
      class={props.class}
      aria-label={props.label}
      {...(props.fullPage ? { 'hx-boost': 'false' } : {})}
      {...(props.selection ? { 'data-selection': '' } : {})}
    >
      <HiddenInputs hidden={props.hidden ?? {}} />
      {props.children}
    </form>
  )
}

/** A form that is one button: a change that needs no typing, in a row or a header. */
export function FormButton(props: {
  action: string
  children: Child
  variant?: ButtonVariant
  hidden?: Hidden
  fullPage?: boolean
  /** What is read out where the words alone do not say on what. It begins with the words shown: "Make default: sales". */
  label?: string
  shortcut?: Shortcut
}) {
  const { children, variant, label, shortcut, ...form } = props
  return (
    <Form {...form} class="form-button">
      <Button
        variant={variant ?? 'secondary'}
        {...(label === undefined ? {} : { label })}
        {...(shortcut === undefined ? {} : { shortcut })}
      >
        {children}
      </Button>
    </Form>
  )
}

/** Inputs that a person does not see, for what a form says beside what is typed. */
export function HiddenInputs(props: { hidden: Hidden }) {
  return (
    <>
      {Object.entries(props.hidden).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
    </>
  )
}

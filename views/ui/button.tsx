import type { Child } from 'hono/jsx'

/** How much a button asks for attention. Danger is outlined; the one that confirms a loss is filled. */
export type ButtonVariant = 'primary' | 'secondary' | 'danger' | 'confirm-danger' | 'plain'

/** Keys that follow a link (product.md §3). */
export type Shortcut = 'n' | 'e' | 't'

/** A submit button of the form around it. */
export function Button(props: {
  children: Child
  variant?: ButtonVariant
  name?: string
  value?: string
  label?: string
  shortcut?: Shortcut
}) {
  return (
    <button
      type="submit"
      class={`button button-${props.variant ?? 'primary'}`}
      name={props.name}
      value={props.value}
      aria-label={props.label}
      data-shortcut={props.shortcut}
      aria-keyshortcuts={props.shortcut}
    >
      {props.children}
    </button>
  )
}

/** A button that puts the form around it back to how it was sent. `label` begins with the words shown. */
export function ResetButton(props: { children: Child; label?: string }) {
  return (
    <button type="reset" class="button button-plain" aria-label={props.label}>
      {props.children}
    </button>
  )
}

/**
 * What Enter presses in a form whose first visible button is another one. Neither shown nor read out: it does what the
 * form's main button does.
 */
export function DefaultButton() {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: the keyboard does not come here either
    <button type="submit" class="visually-hidden" tabindex={-1} aria-hidden="true">
      Send
    </button>
  )
}

/**
 * A link that opens a page and looks like a button. A download leaves htmx alone. `label` is what is read out where the
 * words shown are too short; it begins with them.
 */
export function LinkButton(props: {
  href: string
  children: Child
  variant?: ButtonVariant
  label?: string
  shortcut?: Shortcut
  download?: boolean
}) {
  return (
    <a
      href={props.href}
      class={`button button-${props.variant ?? 'secondary'}`}
      aria-label={props.label}
      data-shortcut={props.shortcut}
      aria-keyshortcuts={props.shortcut}
      {...(props.download ? { download: '', 'hx-boost': 'false' } : {})}
    >
      {props.children}
    </a>
  )
}

/** The way out of a form; Escape follows it. */
export function CancelLink(props: { href: string; children?: Child }) {
  return (
    <a href={props.href} class="button button-plain" data-cancel="">
      {props.children ?? 'Cancel'}
    </a>
  )
}

/** Buttons side by side, wrapping; put the dangerous one last. */
export function Actions(props: { children: Child }) {
  return <div class="actions">{props.children}</div>
}

/** One sentence about what has just happened, shown once. */
export type FlashMessage = { readonly tone: 'success' | 'neutral' | 'warning' | 'danger'; readonly text: string }

/** The message, for inside `#flash`. What went wrong interrupts a screen reader, the rest waits its turn. */
export function Flash(props: { message: FlashMessage }) {
  const { tone, text } = props.message
  return (
    <p class={`flash flash-${tone}`} role={tone === 'danger' ? 'alert' : 'status'}>
      {text}
    </p>
  )
}

/** Puts the message into `#flash` from a bare view; append it to the view that answers a partial request. */
export function FlashUpdate(props: { message: FlashMessage | null }) {
  if (props.message === null) return null
  return (
    <hx-partial hx-target="#flash" hx-swap="innerHTML">
      <Flash message={props.message} />
    </hx-partial>
  )
}

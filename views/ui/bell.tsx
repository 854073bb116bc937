import { paths } from '../../src/paths.ts'

/** So many are said as a number; one more is "more than". */
const mostCounted = 99

/** The way to the notifications, for inside `#bell`: a bell with the number of unread ones, read out in words. */
export function Bell(props: { unread: number }) {
  const { unread } = props
  return (
    <a class="bell" href={paths.notifications()} aria-label={`Notifications, ${inWords(unread)}`}>
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
        <path d="M10 2a5 5 0 0 0-5 5v4l-2 3h14l-2-3V7a5 5 0 0 0-5-5zM8 16a2 2 0 0 0 4 0z" />
      </svg>
      {unread === 0 ? null : <span class="bell-count">{unread > mostCounted ? `${mostCounted}+` : unread}</span>}
    </a>
  )
}

/** Puts the bell as it is now into `#bell` from a bare view; append it to the view that answers a partial request. */
export function BellUpdate(props: { unread: number }) {
  return (
    <hx-partial hx-target="#bell" hx-swap="innerMorph">
      <Bell unread={props.unread} />
    </hx-partial>
  )
}

function inWords(unread: number): string {
  if (unread > mostCounted) return `more than ${mostCounted} unread`
  return unread === 0 ? 'none unread' : `${unread} unread`
}

/**
 * Keeps a page fresh while something is going on: put it into the view as long as that is so. With JavaScript it asks
 * for `href` again and morphs `#main`, giving way to what a person does meanwhile; without, the page reloads.
 */
export function Live(props: { href: string; seconds?: number }) {
  const seconds = props.seconds ?? 2
  return (
    <>
      <div
        hidden
        hx-get={props.href}
        hx-trigger={`every ${seconds}s`}
        hx-target="#main"
        hx-swap="innerMorph"
        hx-sync="#main:drop"
      />
      <noscript>
        {/* hono moves every <meta> to the head, out of this <noscript>, unless it has an itemProp. */}
        <meta itemProp="" http-equiv="refresh" content={String(seconds + 3)} />
      </noscript>
    </>
  )
}

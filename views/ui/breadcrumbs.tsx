/** Where a page is, from the top down. The page itself is the last entry and is not a link. */
export function Breadcrumbs(props: { trail: readonly { label: string; href: string }[]; current: string }) {
  return (
    <nav class="breadcrumbs" aria-label="Breadcrumbs">
      <ol>
        {props.trail.map((step) => (
          <li>
            <a href={step.href}>{step.label}</a>
          </li>
        ))}
        <li>
          <span aria-current="page">{props.current}</span>
        </li>
      </ol>
    </nav>
  )
}

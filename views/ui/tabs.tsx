/** The parts of one thing, each with an address of its own. */
export function Tabs(props: { label: string; tabs: readonly { label: string; href: string; current: boolean }[] }) {
  return (
    <nav class="tabs" aria-label={props.label}>
      <ul>
        {props.tabs.map((tab) => (
          <li>
            <a href={tab.href} aria-current={tab.current ? 'page' : undefined}>
              {tab.label}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

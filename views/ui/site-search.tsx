import { paths } from '../../src/paths.ts'

/**
 * The search box of the top bar. Asks with GET; with JavaScript while typing, unless that would lose what was typed into
 * the page (app.js). `text` is what its page looks for; null on other pages.
 */
export function SiteSearch(props: { text: string | null }) {
  return (
    <search class="site-search">
      <form method="get" action={paths.search()} hx-trigger="submit, input delay:300ms" hx-push-url="true">
        <input
          id="site-search"
          type="search"
          name="q"
          value={props.text ?? ''}
          placeholder="Search"
          aria-label="Search everywhere"
          maxlength={400}
          autocomplete="off"
          spellcheck={false}
          data-shortcut="/"
          autofocus={props.text === ''}
        />
      </form>
    </search>
  )
}

import type { Child } from 'hono/jsx'

/**
 * The search box of a left panel, with filters as children. `/` focuses it. Asks with GET, the text as `q`;
 * with JavaScript while typing, in the place of the page's entry in the history.
 */
export function PanelSearch(props: { action: string; label: string; value: string; children?: Child }) {
  return (
    <search>
      <form
        method="get"
        action={props.action}
        class="panel-search"
        aria-label={props.label}
        hx-trigger="submit, input delay:300ms"
        hx-replace-url="true"
      >
        <div class="panel-search-line">
          <input
            id="panel-search"
            type="search"
            name="q"
            value={props.value}
            placeholder={props.label}
            aria-label={props.label}
            maxlength={200}
            autocomplete="off"
            spellcheck={false}
            data-shortcut="/"
          />
          <button type="submit" class="button button-secondary">
            Search
          </button>
        </div>
        {props.children ? <div class="panel-search-filters">{props.children}</div> : null}
      </form>
    </search>
  )
}

/** A filter or an order beside the search box; it applies when the search is sent. */
export function PanelFilter(props: {
  name: string
  label: string
  value: string
  options: readonly { value: string; label: string }[]
}) {
  return (
    <label class="panel-filter">
      <span>{props.label}</span>
      <select name={props.name}>
        {props.options.map((option) => (
          <option value={option.value} selected={option.value === props.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  )
}

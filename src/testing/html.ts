import { parseHTML } from 'linkedom'

/** A page or fragment as elements. */
export type Html = ReturnType<typeof parseHTML>['document']

/** Returns the elements of a document or a bare view. */
export function parseHtml(text: string): Html {
  return parseHTML(/<html/i.test(text) ? text : `<!doctype html><html><body>${text}</body></html>`).document
}

/** Returns the text of an element as people read it, in single spaces; '' where there is none. */
export function textOf(html: Html, selector: string): string {
  return (html.querySelector(selector)?.textContent ?? '').replace(/\s+/g, ' ').trim()
}

/** Returns the texts of all matching elements. */
export function textsOf(html: Html, selector: string): string[] {
  return [...html.querySelectorAll(selector)].map((element) => (element.textContent ?? '').replace(/\s+/g, ' ').trim())
}

/** Returns what a form would post as it stands: every named input with its value, boxes and radios only if checked. */
export function formValues(html: Html, selector = 'main form'): Record<string, string> {
  const values: Record<string, string> = {}
  for (const input of html.querySelectorAll(`${selector} [name]`)) {
    const type = input.getAttribute('type') ?? ''
    if (type === 'submit' || input.localName === 'button') continue
    if ((type === 'checkbox' || type === 'radio') && !input.hasAttribute('checked')) continue
    values[input.getAttribute('name') ?? ''] = shownValue(input)
  }
  return values
}

type HtmlElement = NonNullable<ReturnType<Html['querySelector']>>

function shownValue(input: HtmlElement): string {
  if (input.localName === 'textarea') return (input.textContent ?? '').replace(/^\n/, '')
  if (input.localName !== 'select') return input.getAttribute('value') ?? ''
  const chosen = input.querySelector('option[selected]') ?? input.querySelector('option')
  return chosen?.getAttribute('value') ?? ''
}

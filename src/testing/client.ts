import type { App } from '../app.tsx'
import { type Html, parseHtml } from './html.ts'

/** An answer, with its page where it has one. */
export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly html: Html
  /** Path and query of a redirect. */
  readonly location: string | null
}

type Extra = { readonly headers?: Readonly<Record<string, string>> }
export type FormInput = Readonly<Record<string, string | readonly string[]>>

/** A browser as far as HTTP goes: it keeps cookies and says where its forms come from. It follows no redirect. */
export type Client = {
  readonly cookies: Map<string, string>
  get(path: string, extra?: Extra): Promise<Answer>
  /** Posts a form from a page of ours; a header given as '' is left out. */
  post(path: string, form?: FormInput, extra?: Extra): Promise<Answer>
  /** Asks as htmx does for a part of a page; the elements are without the bell of the top bar, which goes along with each. */
  fragment(path: string, extra?: Extra): Promise<Answer>
  /** Gets, following redirects. */
  open(path: string): Promise<Answer>
  /** Sends anything, with the cookies. */
  send(path: string, init: RequestInit & Extra): Promise<Answer>
}

/** Returns a client of `app` at `origin`, from `address`. */
export function createClient(app: App, origin = 'http://localhost', address = '127.0.0.1'): Client {
  const cookies = new Map<string, string>()
  const { host } = new URL(origin)

  async function send(path: string, init: RequestInit & Extra): Promise<Answer> {
    const jar = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = new Headers({ Host: host, ...(jar === '' ? {} : { Cookie: jar }), ...init.headers })
    for (const [name, value] of [...headers]) if (value === '') headers.delete(name)
    // As node-server builds it: the scheme of the socket, the host of the request.
    const request = new Request(`http://${headers.get('Host') ?? host}${path}`, { ...init, headers })
    const response = await app.fetch(request, { incoming: { socket: { remoteAddress: address } } })
    keep(cookies, response)
    return read(response)
  }

  const get: Client['get'] = (path, extra = {}) => send(path, extra)
  return {
    cookies,
    send,
    get,
    post: (path, form = {}, extra = {}) =>
      send(path, { method: 'POST', body: encode(form), headers: { ...formHeaders, Origin: origin, ...extra.headers } }),
    async fragment(path, extra = {}) {
      const answer = await get(path, { headers: { ...fragmentHeaders, ...extra.headers } })
      answer.html.querySelector('hx-partial[hx-target="#bell"]')?.remove()
      return answer
    },
    async open(path) {
      let answer = await get(path)
      for (let hops = 0; answer.location !== null && hops < 5; hops++) answer = await get(answer.location)
      return answer
    },
  }
}

const formHeaders = { 'Content-Type': 'application/x-www-form-urlencoded', 'Sec-Fetch-Site': 'same-origin' }
export const fragmentHeaders = { 'HX-Request': 'true', 'HX-Request-Type': 'partial' }

function encode(form: FormInput): string {
  const pairs = Object.entries(form).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, one] as [string, string]),
  )
  return new URLSearchParams(pairs).toString()
}

function keep(cookies: Map<string, string>, response: Response): void {
  for (const line of response.headers.getSetCookie()) {
    const [pair = '', ...attributes] = line.split(/;\s*/)
    const [name = '', value = ''] = pair.split('=')
    if (attributes.some((attribute) => /^max-age=0$/i.test(attribute))) cookies.delete(name)
    else cookies.set(name, value)
  }
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text()
  const { status, headers } = response
  let html: Html | undefined
  return {
    status,
    headers,
    text,
    location: headers.get('Location'),
    get html() {
      html ??= parseHtml(text)
      return html
    },
  }
}

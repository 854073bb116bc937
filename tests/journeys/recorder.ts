import { type Html, parseHtml } from '../../src/testing/html.ts'

/** A page, as the recorder got it. */
export type Page = {
  /** Path and query that it came from, after redirects. */
  readonly path: string
  readonly status: number
  readonly text: string
  readonly html: Html
  readonly location: string | null
}

export type Form = Readonly<Record<string, string | readonly string[]>>

/** A browser as far as HTTP goes, which keeps everything that it was ever sent. */
export type Recorder = {
  get(path: string): Promise<Page>
  /** Posts a form as a page of ours does, and follows where it leads. */
  post(path: string, form: Form): Promise<Page>
  /** Sends any body of any type. */
  send(path: string, body: string | FormData, headers?: Readonly<Record<string, string>>): Promise<Page>
}

/** Returns a recorder for the server at `origin`. Status lines, headers and bodies go to `record`. */
export function createRecorder(origin: string, record: (bytes: Buffer, path: string) => void): Recorder {
  const cookies = new Map<string, string>()

  async function ask(path: string, init: RequestInit = {}): Promise<Page> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(init.headers as Record<string, string>), ...(cookie === '' ? {} : { Cookie: cookie }) }
    const once = () => fetch(origin + path, { ...init, headers, redirect: 'manual' })
    // As browsers do when a connection that was kept open has been closed: after a body that was refused, for example.
    const response = await once().catch(once)
    const body = Buffer.from(await response.arrayBuffer())
    const head = [response.status, ...[...response.headers].map(([name, value]) => `${name}: ${value}`)].join('\n')
    record(Buffer.concat([Buffer.from(`${head}\n\n`), body]), path)
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=')
      if (/max-age=0/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    const text = body.toString()
    const { status } = response
    const location = response.headers.get('Location')
    let html: Html | undefined
    return {
      path,
      status,
      text,
      location,
      get html() {
        html ??= parseHtml(text)
        return html
      },
    }
  }

  async function settle(page: Page): Promise<Page> {
    return page.status === 303 && page.location !== null ? ask(page.location).then(settle) : page
  }

  const fromUs = { Origin: origin }
  return {
    get: (path) => ask(path).then(settle),
    post: (path, form) => ask(path, { method: 'POST', headers: fromUs, body: encode(form) }).then(settle),
    send: (path, body, headers = {}) => ask(path, { method: 'POST', headers: { ...fromUs, ...headers }, body }),
  }
}

function encode(form: Form): URLSearchParams {
  return new URLSearchParams(
    Object.entries(form).flatMap(([name, value]) =>
      [value].flat().map((one) => [name, String(one)] as [string, string]),
    ),
  )
}

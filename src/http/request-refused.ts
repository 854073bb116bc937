import type { ContentfulStatusCode } from 'hono/utils/http-status'

/** A request that no route may see: malformed, too large, from another site. The message says what to do next. */
export class RequestRefused extends Error {
  readonly status: ContentfulStatusCode
  readonly title: string

  constructor(status: ContentfulStatusCode, title: string, message: string) {
    super(message)
    this.status = status
    this.title = title
  }
}

/** The form does not fit: `limit` in bytes is named in the sentence. */
export function tooLarge(limit: number): RequestRefused {
  const size = limit >= 1024 * 1024 ? `${limit / 1024 / 1024} MiB` : `${limit / 1024} KiB`
  return new RequestRefused(413, 'Too much at once', `This form takes at most ${size}. Go back and send less.`)
}

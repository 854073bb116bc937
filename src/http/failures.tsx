import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { FailurePage, type RepeatedForm } from '../../views/failure.tsx'
import { Flash } from '../../views/ui/flash.tsx'
import { AccountNotFound, FeatureOff, Forbidden, NotFound, Unauthenticated, Unreadable } from '../access/refusals.ts'
import { LedgerUnavailable } from '../audit/ledger.ts'
import { TooManySignIns } from '../auth/queue.ts'
import { StorageFull } from '../catalog/storage.ts'
import { SnapshotUnreadable } from '../catalog/stored-version.ts'
import { TypeNotAccepted } from '../connections/accepted-types.ts'
import { UnknownDriver } from '../connections/destination.ts'
import { TooBusy } from '../connector/driver.ts'
import type { Log } from '../log.ts'
import { paths } from '../paths.ts'
import type { AppContext } from './app-context.ts'
import { setFlash } from './flash.ts'
import { safeNext } from './next.ts'
import { wantsFragment } from './render.tsx'
import { RequestRefused } from './request-refused.ts'
import { isDatabaseUnreachable } from './unreachable.ts'

/** What a person is told, and how machines read it. */
type Failure = {
  readonly status: ContentfulStatusCode
  readonly title: string
  readonly message: string
  readonly retryAfterSeconds?: number
  /** True where we are to blame: it is logged, and the page names the request. */
  readonly bug?: boolean
}

/** Returns the handler that turns anything thrown by a route or middleware into what the browser should see. */
export function failureRenderer(log: Log): (error: Error, c: AppContext) => Response | Promise<Response> {
  return (error, c) => {
    if (error instanceof Unauthenticated) return toLogin(c)
    const failure = describe(error)
    if (failure.status >= 500) log.error('request failed', error, { requestId: c.get('requestId') ?? null })
    return renderFailure(c, failure)
  }
}

/** Answers an address that nothing answers to, the same way as a row that does not exist. */
export function renderNotFound(c: AppContext): Response | Promise<Response> {
  return renderFailure(c, describe(new NotFound()))
}

function describe(error: Error): Failure {
  if (error instanceof AccountNotFound) return { status: 404, title: 'Account not found', message: error.message }
  if (error instanceof NotFound) return { status: 404, title: 'Page not found', message: error.message }
  if (error instanceof FeatureOff) return { status: 403, title: 'Stored credentials are off', message: error.message }
  if (error instanceof Forbidden) return { status: 403, title: 'You may not do that', message: error.message }
  if (error instanceof Unreadable) return { status: 409, title: 'This cannot be opened', message: error.message }
  if (error instanceof StorageFull) return { status: 409, title: 'There is no room for it', message: error.message }
  if (error instanceof SnapshotUnreadable) return unreadableSnapshot(error)
  if (error instanceof UnknownDriver) return { status: 409, title: 'This cannot be used here', message: error.message }
  if (error instanceof TypeNotAccepted) return { status: 422, title: 'These do not fit', message: error.message }
  if (error instanceof TooBusy || error instanceof TooManySignIns) return busy(error)
  if (error instanceof RequestRefused) return error
  if (error instanceof LedgerUnavailable) return ledgerUnavailable
  if (isDatabaseUnreachable(error)) return databaseUnreachable
  if (error instanceof HTTPException && error.status < 500) return unreadable
  return bug
}

function unreadableSnapshot({ reason, message }: SnapshotUnreadable): Failure {
  if (reason === 'gone') return { status: 404, title: 'The stored file is gone', message }
  if (reason === 'unreachable')
    return { status: 503, title: 'Snapshots cannot be reached', message, retryAfterSeconds: 5 }
  return { status: 409, title: 'This snapshot cannot be opened', message }
}

function busy(error: TooBusy | TooManySignIns): Failure {
  const { message, retryAfterSeconds } = error
  return { status: 429, title: 'Too many at once', message, retryAfterSeconds }
}

const ledgerUnavailable: Failure = {
  status: 503,
  title: 'Nothing was done',
  message: 'Keyward could not record this, so it did not do it. Try again in a moment.',
  retryAfterSeconds: 5,
}

const databaseUnreachable: Failure = {
  status: 503,
  title: 'Keyward cannot reach its database',
  message: 'Nothing was changed. Try again in a moment; if this stays, tell your administrator.',
  retryAfterSeconds: 5,
}

const unreadable: Failure = {
  status: 400,
  title: 'That request could not be read',
  message: 'Open the page again and repeat what you did.',
}

const bug: Failure = {
  status: 500,
  title: 'Something went wrong',
  message: 'Nothing was changed that you were not told about. Try again; if it happens again, tell your administrator.',
  bug: true,
}

function renderFailure(c: AppContext, failure: Failure): Response | Promise<Response> {
  const { status, title, message, retryAfterSeconds } = failure
  const requestId = failure.bug ? c.get('requestId') : undefined
  c.status(status)
  if (retryAfterSeconds !== undefined) c.header('Retry-After', String(retryAfterSeconds))
  if (!wantsFragment(c)) {
    const again = retryAfterSeconds === undefined ? undefined : formToRepeat(c)
    return c.render(<FailurePage title={title} message={message} requestId={requestId} again={again} />)
  }
  // The form stays on screen with what was typed; only the message appears above it.
  c.header('Cache-Control', 'no-store')
  c.header('Vary', 'HX-Request-Type', { append: true })
  c.header('HX-Retarget', '#flash')
  c.header('HX-Reswap', 'innerHTML')
  c.header('HX-Push-Url', 'false')
  const reference = requestId === undefined ? '' : ` Request ${requestId}.`
  return c.html(<Flash message={{ tone: 'danger', text: `${message}${reference}` }} />)
}

/** A page takes the place of the form, so the page carries what was typed. */
function formToRepeat(c: AppContext): RepeatedForm | undefined {
  const fields = c.get('typed')
  if (c.req.method !== 'POST' || fields === undefined) return undefined
  const { pathname, search } = new URL(c.req.url)
  return { action: pathname + search, fields }
}

function toLogin(c: AppContext): Response {
  c.header('Cache-Control', 'no-store')
  // Whoever pressed something believes that it was done.
  if (c.req.method === 'POST') setFlash(c, c.req.path === paths.logout() ? 'signed-out' : 'session-over')
  if (!c.req.header('HX-Request')) return c.redirect(paths.login(safeNext(c.get('next'))), 303)
  c.header('HX-Redirect', paths.login(currentPage(c) ?? safeNext(c.get('next'))))
  return c.body(null, 401)
}

/** A request for a part of a page leads back to the page. */
function currentPage(c: AppContext): string | undefined {
  const url = c.req.header('HX-Current-URL')
  if (url === undefined || !URL.canParse(url)) return undefined
  const { pathname, search } = new URL(url)
  return safeNext(pathname + search)
}

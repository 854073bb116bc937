import { expect, test } from 'vitest'
import { NotFound, Unreadable } from '../access/refusals.ts'
import { createApp } from '../app.tsx'
import { LedgerUnavailable } from '../audit/ledger.ts'
import { TooManySignIns } from '../auth/queue.ts'
import { TooBusy } from '../connector/driver.ts'
import { createLog } from '../log.ts'
import { createClient } from '../testing/client.ts'
import { textOf } from '../testing/html.ts'
import { loadAssets } from './assets.ts'
import { Routes } from './routing.ts'

const assets = loadAssets()

/** An app whose one page throws `error`, and the lines of its log. */
function appThatThrows(error: Error) {
  const lines: string[] = []
  const routes = new Routes()
  routes.get('/page', 'anyone', () => {
    throw error
  })
  const log = createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } })
  const sessions = { read: async () => null }
  const app = createApp({
    origin: null,
    assets,
    log,
    sessions,
    routes: [routes],
    recordRefusal: async () => {},
  })
  return { client: createClient(app), lines }
}

const unreachable = new Error('Failed query: select $1', {
  cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
})
const terminated = new Error('Failed query', { cause: new Error('Connection terminated unexpectedly') })
const stopping = new Error('Failed query', { cause: Object.assign(new Error('terminating'), { code: '57P01' }) })

const failures: readonly [string, Error, number, string, string | null][] = [
  ['something that is not there', new NotFound(), 404, 'Page not found', null],
  ['a record that does not open', new Unreadable(), 409, 'This cannot be opened', null],
  ['a full pool', new TooBusy(7), 429, 'Too many at once', '7'],
  ['too many sign-ins', new TooManySignIns(5), 429, 'Too many at once', '5'],
  ['a ledger that cannot be written', new LedgerUnavailable(), 503, 'Nothing was done', '5'],
  ['a database that refuses', unreachable, 503, 'Keyward cannot reach its database', '5'],
  ['a database that went away', terminated, 503, 'Keyward cannot reach its database', '5'],
  ['a database that stops', stopping, 503, 'Keyward cannot reach its database', '5'],
  ['a bug', new TypeError('x is not a function'), 500, 'Something went wrong', null],
]

test.each(failures)('A page that meets %s, says so with the next step', async (_, error, status, title, retryAfter) => {
  const { client, lines } = appThatThrows(error)
  const answer = await client.get('/page')
  expect(answer.status).toBe(status)
  expect(textOf(answer.html, 'h1')).toBe(title)
  expect(answer.html.querySelectorAll('h1')).toHaveLength(1)
  expect(answer.headers.get('Retry-After')).toBe(retryAfter)
  expect(lines.filter((line) => line.includes('request failed'))).toHaveLength(status >= 500 ? 1 : 0)
})

test.each(failures)('A part of a page that meets %s, says so above the form', async (_, error, status) => {
  const answer = await appThatThrows(error).client.fragment('/page')
  expect([answer.status, answer.headers.get('HX-Retarget'), answer.headers.get('HX-Push-Url')]).toEqual([
    status,
    '#flash',
    'false',
  ])
  expect(textOf(answer.html, '[role=alert]')).not.toBe('')
  expect(answer.text).not.toContain('<main')
})

import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Imported, Job, Outcome } from '../../connector/driver.ts'
import { datasetVersions } from '../../db/schema/catalog.ts'
import { datasetKeys } from '../../db/schema/storage.ts'
import { paths } from '../../paths.ts'
import { Secret } from '../../secrets/secret.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { addConnection, refused, signedIn } from '../../testing/domain.ts'
import { fingerprint } from '../../testing/every-route.ts'
import { textOf, textsOf } from '../../testing/html.ts'
import { writeSealed } from '../../testing/sealed.ts'

let app: TestApp
let ada: Client
let ben: Client
let connection: string
let credential: string
let folder: string
let finishRunning = () => {}
let answer: (job: Job, signal: AbortSignal | undefined) => Promise<Outcome<unknown>>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-datasets-'))
  await makeParquet(join(folder, 'sample.parquet'))
  app = await testApp()
  ada = await app.signInAs(app.ada)
  ben = await app.signInAs(app.ben)
  connection = await addConnection(app, app.ada)
  const stored = await app.vault.create(app.ada, {
    type: 'basic',
    name: 'Reporting',
    description: '',
    fields: { username: new Secret('reader'), password: new Secret('stored secret') },
    connectionIds: [connection],
  })
  if (!stored.ok) throw new Error(stored.error)
  credential = stored.id
  app.connector.run = async (job, options) => (await answer(job as Job, options.signal)) as never
})
afterAll(async () => {
  await app.close()
  rmSync(folder, { recursive: true })
})

beforeEach(() => {
  answer = imports
})
// A test that fails while its snapshot runs must not keep those after it waiting.
afterEach(() => finishRunning())

describe('GET /catalog/:id', () => {
  test('of a completed snapshot, shows origin, rows, downloads and versions', async () => {
    const id = await completed('Orders, "2024"/é')
    const { html, status, text } = await ada.get(paths.dataset(id))
    expect([status, textOf(html, 'h1')]).toEqual([200, 'Orders, "2024"/é'])
    expect(textOf(html, '.facts')).toMatch(/public\.orders.*Sales.*Reporting.*Ada/)
    expect(textsOf(html, '#preview tbody tr:first-child td')).toEqual(['0', 'NULL', '<b>0</b>'])
    expect(textsOf(html, '#preview .actions a')).toEqual(['Parquet', 'CSV', 'JSON lines'])
    expect(textOf(html, '#preview .pagination-summary')).toBe('Rows 1 to 20 of 45')
    expect(text).not.toContain('<b>0</b>')
    expect(text).not.toContain('http-equiv="refresh"')
  })

  test('for somebody who may only use its account, names that without a link to a page they have not', async () => {
    const id = await completed('Used by two')
    await ada.post(paths.datasetSharing(id), { email: app.ben.email, role: 'consumer' })
    await app.credentialSharing.share(app.ada, credential, app.ben.email)
    expect(textsOf((await ada.get(paths.dataset(id))).html, '#lineage a')).toContain('Reporting')
    const { html } = await ben.get(paths.dataset(id))
    expect(textOf(html, '#lineage')).toContain('as Reporting')
    expect(textsOf(html, '#lineage a')).toEqual([])
    await app.credentialSharing.unshare(app.ada, credential, app.ben.id)
  })

  test('while it is being made, shows progress with Cancel, and refreshes itself with and without JavaScript', async () => {
    const { id, finish } = await running()
    const { html, text } = await ada.get(paths.dataset(id))
    expect(textOf(html, '#progress')).toMatch(/Version 1.*Waiting for the first rows.*Cancel/)
    expect(html.querySelector(`[hx-get="${paths.dataset(id)}"]`)).not.toBeNull()
    expect(text).toMatch(/<noscript>\s*<meta[^>]*http-equiv="refresh"/)
    finish()
    await app.catalog.snapshots.idle()
    expect((await ada.get(paths.dataset(id))).text).not.toContain('http-equiv="refresh"')
  })

  test('of a failed snapshot, shows the ladder with the next step', async () => {
    answer = async () => refused
    const id = await created('Broken')
    await app.catalog.snapshots.idle()
    const { html } = await ada.get(paths.dataset(id))
    expect(textOf(html, '.notice')).toMatch(/Version 1 failed\..*refused this username.*Check both and try again\./)
    expect(html.querySelectorAll('.ladder .rung')).toHaveLength(7)
  })

  test('whose file somebody took away, says so and still shows the rest', async () => {
    const id = await completed('Lost')
    rmSync(await fileOf(id))
    const { html, status } = await ada.get(paths.dataset(id))
    expect([status, textOf(html, '#preview .notice')]).toEqual([
      200,
      'The stored file of this snapshot was removed outside Keyward. Create a new snapshot.',
    ])
    const download = await ada.get(paths.datasetDownload(id, 1, 'csv'))
    expect([download.status, textOf(download.html, 'h1')]).toEqual([404, 'The stored file is gone'])
  })

  test.each<[string, (file: string, other: string) => void]>([
    ['cut', (file) => truncateSync(file, readFileSync(file).length - 1)],
    ['cut to nothing', (file) => truncateSync(file, 0)],
    ['changed by a bit', (file) => writeFileSync(file, flipped(readFileSync(file), 500))],
    ['swapped with another version’s', (file, other) => copyFileSync(other, file)],
    ['replaced by a plain one', (file) => copyFileSync(join(folder, 'sample.parquet'), file)],
  ])('S2 whose file was %s, shows none of it, says why, and the log says so', async (_what, spoil) => {
    const [id, other] = [await completed('Spoiled'), await completed('Sound')]
    spoil(await fileOf(id), await fileOf(other))
    const { html, status } = await ada.get(paths.dataset(id))
    expect([status, textOf(html, '#preview .notice')]).toEqual([
      200,
      'The stored file of this snapshot was changed or damaged outside Keyward, so nothing of it is shown. Create a new snapshot.',
    ])
    expect(textsOf(html, '#preview tbody td')).toEqual([])
    for (const format of ['csv', 'parquet'] as const) {
      const download = await ada.get(paths.datasetDownload(id, 1, format))
      expect([download.status, textOf(download.html, 'h1')]).toEqual([409, 'This snapshot cannot be opened'])
      expect(download.text).not.toContain('PAR1')
    }
    expect(app.logged.filter((line) => line.includes('could not be opened')).at(-1)).toContain('"reason":"changed"')
    expect((await ada.get(paths.datasetDownload(other, 1, 'csv'))).text).toContain('<b>0</b>')
  })

  test('whose key was destroyed, cannot be opened by anyone any more', async () => {
    const id = await completed('Without key')
    await app.db.delete(datasetKeys).where(eq(datasetKeys.datasetId, id))
    expect(textOf((await ada.get(paths.dataset(id))).html, '#preview .notice')).toMatch(/^The key of this snapshot/)
    expect((await ada.get(paths.datasetDownload(id, 1, 'parquet'))).status).toBe(409)
  })

  test('as a fragment, is the document’s main', async () => {
    const id = await completed('Fragment')
    const [document, fragment] = [await ada.get(paths.dataset(id)), await ada.fragment(paths.dataset(id))]
    // It comes along, for the bar above.
    fragment.html.querySelector('.bell')?.remove()
    expect(textOf(document.html, 'main')).toBe(
      textOf(fragment.html, 'body')
        .replace(/^.*· Keyward/, '')
        .trim(),
    )
  })
})

describe('every page of a dataset', () => {
  test('for a stranger, is the same 404 as for a dataset that does not exist, and changes nothing', async () => {
    const id = await completed('Private')
    const missing = '00000000-0000-4000-8000-000000000000'
    for (const path of [
      paths.dataset,
      (of: string) => paths.datasetPreview(of, 1),
      (of: string) => paths.datasetDownload(of, 1, 'parquet'),
      (of: string) => paths.datasetDownload(of, 1, 'csv'),
      paths.newDatasetVersion,
      paths.datasetDeletion,
    ]) {
      const [foreign, none] = [await ben.get(path(id)), await ben.get(path(missing))]
      expect([foreign.status, textOf(foreign.html, 'main')]).toEqual([404, textOf(none.html, 'main')])
    }
    for (const path of [paths.newDatasetVersion(id), paths.datasetCancellation(id, 1), paths.datasetDeletion(id)]) {
      expect((await ben.post(path, { account: credential })).status).toBe(404)
    }
    expect((await ada.get(paths.dataset(id))).status).toBe(200)
  })

  test('signed out, leads to the sign-in page', async () => {
    const { location } = await app.client().get(paths.datasetDownload('00000000-0000-4000-8000-000000000000', 1, 'csv'))
    expect(location).toMatch(/^\/login/)
  })

  test('of a version that does not exist, is 404', async () => {
    const id = await completed('One version')
    for (const path of [
      paths.datasetPreview(id, 2),
      paths.datasetDownload(id, 2, 'csv'),
      `/catalog/${id}/versions/x/rows`,
    ]) {
      expect((await ada.get(path)).status).toBe(404)
    }
  })
})

describe('GET /catalog/:id/versions/:version/rows', () => {
  test('shows the page that was asked for, with ways to those before and after', async () => {
    const id = await completed('Pages')
    const { html } = await ada.get(paths.datasetPreview(id, 1, 2))
    expect(textOf(html, 'tbody td')).toBe('20')
    expect(textsOf(html, '.pagination > *')).toEqual(['← Previous', 'Rows 21 to 40 of 45', 'Next →'])
    const last = await ada.get(paths.datasetPreview(id, 1, 3))
    expect(textsOf(last.html, '.pagination a')).toEqual(['← Previous'])
    expect(textOf((await ada.get(paths.datasetPreview(id, 1, 99))).html, 'main')).toContain(
      'There are no rows on this page.',
    )
    expect(textOf((await ada.get(`/catalog/${id}/versions/1/rows?page=-1`)).html, 'tbody td')).toBe('0')
  })
})

describe('a download', () => {
  test('as CSV, has every row under a safe name, and like every GET changes nothing', async () => {
    const id = await completed('Orders, "2024"/é')
    const before = await fingerprint(app.db, ['sessions'])
    const { text, headers } = await ada.get(paths.datasetDownload(id, 1, 'csv'))
    expect(text.split('\r\n').slice(0, 2)).toEqual(['n,nothing,html', '0,,<b>0</b>'])
    expect(text.split('\r\n')).toHaveLength(47)
    expect(headers.get('Content-Disposition')).toBe(
      `attachment; filename="Orders, _2024__e-v1.csv"; filename*=UTF-8''Orders%2C%20_2024__%C3%A9-v1.csv`,
    )
    expect(headers.get('Content-Type')).toMatch(/^text\/csv/)
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(await fingerprint(app.db, ['sessions'])).toEqual(before)
  })

  test('as Parquet, is the file that was imported, byte for byte, which the stored one is not', async () => {
    const id = await completed('Whole')
    const { headers, text } = await ada.get(paths.datasetDownload(id, 1, 'parquet'))
    const sample = readFileSync(join(folder, 'sample.parquet'))
    expect(headers.get('Content-Type')).toBe('application/vnd.apache.parquet')
    expect(headers.get('Content-Length')).toBe(String(sample.length))
    expect(text).toBe(sample.toString('utf8'))
    expect(readFileSync(await fileOf(id)).includes('PAR1')).toBe(false)
  })

  test('of a version of before snapshots were sealed, is its file', async () => {
    const id = await completed('Of before')
    const [row] = await app.db.select().from(datasetVersions).where(eq(datasetVersions.datasetId, id))
    const file = (row?.file ?? '').replace('.sealed', '.parquet')
    copyFileSync(join(folder, 'sample.parquet'), join(app.snapshotDirectory, file))
    await app.db.update(datasetVersions).set({ file }).where(eq(datasetVersions.datasetId, id))
    expect((await ada.get(paths.datasetDownload(id, 1, 'parquet'))).text.startsWith('PAR1')).toBe(true)
    expect(textsOf((await ada.get(paths.dataset(id))).html, '#preview tbody td')[0]).toBe('0')
  })

  test('that is written while it is read, is had four times at once by one person, who is told to wait with a fifth', async () => {
    const id = await completed('Slowly')
    const cookie = [...ada.cookies].map((pair) => pair.join('=')).join('; ')
    const headers = { Host: 'localhost', Cookie: cookie }
    const env = { incoming: { socket: { remoteAddress: '127.0.0.1' } } }
    const ask = (format: 'csv' | 'jsonl' | 'parquet') =>
      app.app.fetch(new Request(`http://localhost${paths.datasetDownload(id, 1, format)}`, { headers }), env)
    const unread = [await ask('csv'), await ask('jsonl'), await ask('csv'), await ask('csv')]
    expect(unread.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    const fifth = await ask('csv')
    expect([fifth.status, Number(fifth.headers.get('Retry-After')) > 0]).toEqual([429, true])
    expect((await ask('parquet')).status).toBe(200)
    for (const { body } of unread) await body?.cancel()
    expect((await ada.get(paths.datasetDownload(id, 1, 'csv'))).status).toBe(200)
  })

  test('asked for by HEAD, gives the headers', async () => {
    const id = await completed('Head')
    const { status, headers } = await ada.send(paths.datasetDownload(id, 1, 'parquet'), { method: 'HEAD' })
    expect([status, Number(headers.get('Content-Length')) > 0]).toEqual([200, true])
  })
})

describe('POST /catalog/:id/versions/new', () => {
  test('with an account, makes another version', async () => {
    const id = await completed('Again')
    const { location } = await ada.post(paths.newDatasetVersion(id), { account: credential })
    expect(location).toBe(paths.dataset(id))
    await app.catalog.snapshots.idle()
    expect(textsOf((await ada.get(paths.dataset(id))).html, '#versions tbody th')).toEqual(['2', '1'])
  })

  test('with typed credentials, uses them once', async () => {
    const id = await completed('Typed')
    const typed = { type: 'basic', username: 'other', password: 'typed secret', 'sign-in': 'once' }
    expect((await ada.post(paths.newDatasetVersion(id), typed)).status).toBe(303)
    await app.catalog.snapshots.idle()
    expect(textOf((await ada.get(paths.dataset(id))).html, '#versions tbody')).toContain('other')
    const invalid = await ada.post(paths.newDatasetVersion(id), { ...typed, password: '' })
    expect([invalid.status, textOf(invalid.html, '.field-error')]).toEqual([422, 'Error: Enter a password.'])
  })

  test('without an account, leads to the picker', async () => {
    const id = await completed('Picker')
    const { location } = await ada.post(paths.newDatasetVersion(id), {})
    expect(location).toBe(paths.newDatasetVersion(id))
    expect(textOf((await ada.get(paths.newDatasetVersion(id))).html, 'button.account')).toMatch(/^Reporting/)
    const typed = await ada.get(paths.newDatasetVersion(id, { account: 'different' }))
    expect(typed.html.querySelector('input[type=password]')).not.toBeNull()
  })
})

describe('POST …/cancellation', () => {
  test('ends the snapshot, says so, and keeps nothing', async () => {
    const { id } = await running()
    const { location } = await ada.post(paths.datasetCancellation(id, 1))
    await app.catalog.snapshots.idle()
    const { html } = await ada.get(location ?? '')
    expect(textOf(html, '#flash')).toBe('Snapshot cancelled. Nothing of it was kept.')
    expect(textOf(html, '#versions tbody')).toContain('cancelled')
  })
})

describe('POST /catalog/:id/deletion', () => {
  test('after the page that asks, deletes the dataset', async () => {
    const id = await completed('Doomed')
    const page = await ada.get(paths.datasetDeletion(id))
    expect(textOf(page.html, 'main form button')).toBe('Delete dataset')
    const { location } = await ada.post(paths.datasetDeletion(id))
    expect(location).toBe(paths.catalog())
    expect((await ada.get(paths.dataset(id))).status).toBe(404)
  })
})

async function created(name: string): Promise<string> {
  const source = { kind: 'table', schema: 'public', table: 'orders' } as const
  const account = { kind: 'stored', credentialId: credential } as const
  const order = { connectionId: connection, account, items: [{ name, source }], rowLimit: null }
  const [id] = await app.catalog.datasets.create(app.ada, order)
  return id ?? ''
}

async function completed(name: string): Promise<string> {
  const id = await created(name)
  await app.catalog.snapshots.idle()
  return id
}

/** A dataset whose snapshot goes on until `finish` or a cancellation. */
async function running(): Promise<{ id: string; finish(): void }> {
  const finished = new Promise<void>((resolve) => {
    finishRunning = resolve
  })
  let begun = false
  answer = async (job, signal) => {
    begun = true
    const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()))
    await Promise.race([finished, aborted])
    return signal?.aborted ? refused : imports(job)
  }
  const id = await created('Running')
  await vi.waitFor(() => expect(begun).toBe(true))
  return { id, finish: () => finishRunning() }
}

async function fileOf(id: string): Promise<string> {
  return join(app.snapshotDirectory, (await app.catalog.datasetQueries.stored(app.ada, id, 1)).file)
}

async function imports(job: Job): Promise<Outcome<unknown>> {
  const { file, key } = job.input as { file: string; key: Secret }
  writeSealed(file, key, readFileSync(join(folder, 'sample.parquet')))
  const value: Imported = { rows: 45, bytes: 1234, columns: [{ name: 'n', type: 'BIGINT' }] }
  return { ...signedIn, value } as Outcome<unknown>
}

function flipped(bytes: Buffer, at: number): Buffer {
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  return bytes
}

async function makeParquet(path: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  const query = "select range as n, null::integer as nothing, '<b>' || range || '</b>' as html from range(45)"
  await db.run(`copy (${query}) to '${path}' (format parquet)`)
  db.closeSync()
  instance.closeSync()
}

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Outcome } from '../../connector/driver.ts'
import { paths } from '../../paths.ts'
import { type CatalogApp, catalogApp } from '../../testing/catalog-app.ts'
import { refused } from '../../testing/domain.ts'
import { textOf, textsOf } from '../../testing/html.ts'

let at: CatalogApp

beforeAll(async () => {
  at = await catalogApp()
})
afterAll(() => at.close())
afterEach(() => {
  at.answer = undefined
})

const table = (name: string) => JSON.stringify(['public', name])
const add = (form: Record<string, string | readonly string[]>) =>
  at.ada.post(paths.addData({ connection: at.connectionId }), { account: at.credentialId, tab: 'tables', ...form })

describe('Create dynamic', () => {
  it('stores nothing, asks nothing, and is shown as dynamic', async () => {
    const before = at.jobs.length
    const { location } = await add({ intent: 'create-dynamic', item: table('live') })
    expect(at.jobs).toHaveLength(before)
    const { html } = await at.ada.get(location ?? '')
    expect(textOf(html, '#flash')).toContain('Added as dynamic.')
    expect(textOf(html, '.facts')).toContain('dynamic')
    expect(textOf(html, '#rows')).toContain('Nothing is stored of a dynamic dataset.')
    const listed = await at.ada.get(paths.catalog({ show: 'dynamic' }))
    expect(textsOf(listed.html, 'tbody .badge')).toEqual(['dynamic'])
  })
})

describe('/catalog/:id/look', () => {
  it('shows rows as they are now, by the account that was chosen for it, at each press of the button', async () => {
    const id = await at.add('Live', { isDynamic: true })
    const page = await at.ada.get(paths.dataset(id))
    const button = page.html.querySelector(`form[action="${paths.datasetLook(id)}"]`)
    expect(button?.querySelector('input')?.getAttribute('value')).toBe(at.credentialId)
    const before = at.jobs.length
    const { status, html } = await at.ada.post(paths.datasetLook(id), { account: at.credentialId })
    expect([status, textOf(html, '#rows tbody td')]).toEqual([200, 'now'])
    expect(textOf(html, '#rows')).toContain('The first row, as it is now. Nothing was stored.')
    expect(html.querySelector(`a[href="${paths.datasetSchedule(id)}"]`)).not.toBeNull()
    expect(at.jobs).toHaveLength(before + 1)
    expect((await at.ada.get(paths.datasetLook(id))).status).toBe(200)
    expect(at.jobs).toHaveLength(before + 1)
  })

  it('that is refused says why, with the way on still there', async () => {
    const id = await at.add('Refused', { isDynamic: true })
    at.answer = () => refused as Outcome<unknown>
    const { status, html } = await at.ada.post(paths.datasetLook(id), { account: at.credentialId })
    expect([status, textOf(html, 'title')]).toEqual([422, expect.stringMatching(/^Error: /)])
    expect(textOf(html, '#rows .notice')).toContain('refused this username and password')
    expect(textsOf(html, '#rows button')).toEqual(['Show rows again'])
  })

  it('with credentials that are typed uses them once; with none leads to the picker', async () => {
    const id = await at.add('Typed', { isDynamic: true })
    const typed = { type: 'basic', username: 'other', password: 'typed secret', 'sign-in': 'once' }
    expect(textOf((await at.ada.post(paths.datasetLook(id), typed)).html, '#rows tbody td')).toBe('now')
    const empty = await at.ada.post(paths.datasetLook(id), { ...typed, password: '' })
    expect([empty.status, textOf(empty.html, '.field-error')]).toEqual([422, 'Error: Enter a password.'])
    expect((await at.ada.post(paths.datasetLook(id), {})).location).toBe(paths.datasetLook(id))
  })

  it('for a stranger, with somebody else’s account, and of a snapshot, is 404', async () => {
    const id = await at.add('Private', { isDynamic: true })
    const stored = await at.add('Stored')
    const before = at.jobs.length
    for (const path of [paths.datasetLook(id), paths.datasetSnapshot(id)]) {
      expect((await at.ben.get(path)).status).toBe(404)
      expect((await at.ben.post(path, { account: at.credentialId })).status).toBe(404)
      expect((await at.app.client().get(path)).location).toMatch(/^\/login/)
    }
    await at.ada.post(paths.datasetSharing(id), { email: at.app.ben.email, role: 'consumer' })
    const shared = await at.ben.get(paths.dataset(id))
    expect(textOf(shared.html, 'main')).toContain('They are read from a data connection that is not shared with you.')
    await at.ben.post(paths.datasetLook(id), { account: at.credentialId })
    for (const path of [paths.datasetLook(stored), paths.datasetSnapshot(stored)]) {
      expect((await at.ada.post(path, { account: at.credentialId })).status).toBe(404)
    }
    expect((await at.ada.post(paths.newDatasetVersion(id), { account: at.credentialId })).status).toBe(404)
    expect(at.jobs).toHaveLength(before)
  })
})

describe('/catalog/:id/snapshot', () => {
  it('makes a dataset with a snapshot beside the dynamic one', async () => {
    const id = await at.add('Orders today', { isDynamic: true })
    const { location } = await at.ada.post(paths.datasetSnapshot(id), { account: at.credentialId })
    expect(location).not.toBe(paths.dataset(id))
    await at.app.catalog.snapshots.idle()
    const { html } = await at.ada.get(location ?? '')
    expect([textOf(html, 'h1'), textsOf(html, '#versions tbody th')]).toEqual(['Snapshot of Orders today', ['1']])
    expect(textOf((await at.ada.get(paths.dataset(id))).html, '.facts')).toContain('dynamic')
  })
})

describe('/catalog/additions/:id', () => {
  it('shows every table of a basket: what goes on, what was completed and what failed, and stays at its address', async () => {
    let finish = () => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    at.answer = async (job, signal) => {
      const { source } = job.input as { source: { table: string } }
      if (source.table === 'bad') return failedRead
      if (source.table === 'slow') await Promise.race([finished, abortOf(signal)])
      return signal?.aborted ? stopped : at.usual(job, signal)
    }
    const { location = '' } = await add({ intent: 'create', item: ['first', 'bad', 'slow', 'last'].map(table) })
    const url = location ?? ''
    expect(url).toMatch(/^\/catalog\/additions\/[0-9a-f-]{36}$/)
    await expect
      .poll(async () => textOf((await at.ada.get(url)).html, '.subtitle'), { timeout: 20_000 })
      .toContain('2 completed')
    const { html, text } = await at.ada.get(url)
    expect(textOf(html, '.subtitle')).toBe('1 in progress · 2 completed · 1 failed')
    expect(textsOf(html, '.relation-name')).toEqual(['first completed', 'bad failed', 'slow running', 'last completed'])
    expect(textsOf(html, '.relation-line')[1]).toContain('The server has no such table.')
    expect(text).toContain('http-equiv="refresh"')
    expect(html.querySelector(`[hx-get="${url}"]`)).not.toBeNull()
    const one = html.querySelector('.relation form')
    const cancelled = await at.ada.post(one?.getAttribute('action') ?? '', { addition: url.split('/').at(-1) ?? '' })
    expect(cancelled.location).toBe(url)
    await at.app.catalog.snapshots.idle()
    finish()
    const after = await at.ada.get(url)
    expect(textOf(after.html, '.subtitle')).toBe('2 completed · 1 failed · 1 cancelled')
    expect(after.text).not.toContain('http-equiv="refresh"')
  })

  it('with Cancel all ends what goes on and waits, and keeps what is completed', async () => {
    at.answer = async (_job, signal) => {
      await abortOf(signal)
      return stopped
    }
    const before = at.jobs.length
    const { location } = await add({ intent: 'create', item: ['a', 'b', 'c'].map(table) })
    const url = location ?? ''
    const { html } = await at.ada.get(url)
    const all = html.querySelector('.page-header form')?.getAttribute('action') ?? ''
    expect(all).toBe(`${url}/cancellation`)
    for (const person of [at.ben]) {
      expect([(await person.get(url)).status, (await person.post(all)).status]).toEqual([404, 404])
    }
    expect((await at.app.client().get(url)).location).toMatch(/^\/login/)
    expect((await at.ada.post(all)).location).toBe(url)
    await at.app.catalog.snapshots.idle()
    expect(textOf((await at.ada.get(url)).html, '.subtitle')).toBe('3 cancelled')
    expect(at.jobs.length - before).toBeLessThanOrEqual(1)
    expect((await at.ada.post(all)).status).toBe(303)
  })
})

/** Resolves when what is being made is to end. */
function abortOf(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve()
    signal?.addEventListener('abort', () => resolve())
  })
}

const stopped: Outcome<unknown> = { ok: false, code: 'limit.exceeded', diagnosis: [] }

const failedRead: Outcome<unknown> = {
  ok: false,
  code: 'read.denied',
  diagnosis: refused.diagnosis.map((rung) =>
    rung.name === 'read'
      ? { ...rung, state: 'failed', code: 'read.denied', sentence: 'The server has no such table.', nextStep: null }
      : { ...rung, state: 'passed', code: 'ok' },
  ),
}

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { paths } from '../../paths.ts'
import { type CatalogApp, catalogApp } from '../../testing/catalog-app.ts'
import type { Client } from '../../testing/client.ts'
import { fingerprint } from '../../testing/every-route.ts'
import { formValues, textOf, textsOf } from '../../testing/html.ts'
import { daily } from '../../testing/scheduling.ts'

let at: CatalogApp
let ada: Client
let ben: Client
let id: string

beforeAll(async () => {
  at = await catalogApp()
  ada = at.ada
  ben = at.ben
})
afterAll(() => at.close())
beforeEach(async () => {
  id = await at.add('Orders')
})

const share = (role: string) => ada.post(paths.datasetSharing(id), { email: at.app.ben.email, role })
const words = { name: 'Orders of 2026', description: 'All of them', tags: 'Finance, EU' }

describe('/catalog/:id/edit', () => {
  it('saves name, description and tags, which the page and the catalog show and filter by', async () => {
    const form = await ada.get(paths.editDataset(id))
    expect(formValues(form.html)).toEqual({ revision: '1', name: 'Orders', description: '', tags: '' })
    const { location } = await ada.post(paths.editDataset(id), { ...words, revision: '1' })
    const { html } = await ada.get(location ?? '')
    expect([textOf(html, 'h1'), textOf(html, 'main .prose')]).toEqual(['Orders of 2026', 'All of them'])
    expect(textOf(html, '#flash')).toBe('Dataset saved.')
    const found = await ada.get(paths.catalog({ tag: 'finance', q: '2026' }))
    expect(textsOf(found.html, 'tbody th a')).toEqual(['Orders of 2026'])
    expect(textsOf(found.html, 'select[name=tag] option')).toEqual(['All', 'EU', 'Finance'])
    expect(textOf((await ada.get(paths.catalog({ q: 'nothing like it' }))).html, '.empty-state h2')).toBe(
      'No datasets found',
    )
  })

  it('with what does not fit, says it at each field and keeps what was typed', async () => {
    const typed = { name: '', description: 'x'.repeat(501), tags: 'y'.repeat(51), revision: '1' }
    const { status, html } = await ada.post(paths.editDataset(id), typed)
    expect(status).toBe(422)
    expect(textOf(html, 'title')).toMatch(/^Error: /)
    expect(formValues(html)).toEqual(typed)
    expect([...html.querySelectorAll('.error-summary a')].map((link) => link.getAttribute('href'))).toEqual([
      '#field-name',
      '#field-description',
      '#field-tags',
    ])
  })

  it('of an older revision shows both sides with 409, and saves the second time', async () => {
    await ada.post(paths.editDataset(id), { ...words, revision: '1' })
    const mine = { name: 'Mine', description: 'mine', tags: 'mine', revision: '1' }
    const { status, html } = await ada.post(paths.editDataset(id), mine)
    expect(status).toBe(409)
    expect(textsOf(html, 'tbody tr').map((row) => row.replace(/\s+/g, ' '))).toEqual([
      expect.stringContaining('Orders of 2026'),
      expect.stringContaining('All of them'),
      expect.stringContaining('EU, Finance'),
    ])
    expect(formValues(html)).toEqual({ ...mine, revision: '2' })
    expect((await ada.post(paths.editDataset(id), formValues(html))).status).toBe(303)
  })
})

describe('/catalog/:id/deletion', () => {
  it('says that its schedule stops', async () => {
    expect(await at.app.schedules.set(at.app.ada, id, daily(at.credentialId), null)).toEqual({ ok: true })
    const { html } = await ada.get(paths.datasetDeletion(id))
    expect(textsOf(html, 'main li').at(-1)).toBe('Its schedule stops, and goes on if it is restored.')
  })

  it('says what depends on it, and then lists it among the deleted, from where it is restored', async () => {
    await share('consumer')
    const asked = await ada.get(paths.datasetDeletion(id))
    expect(textsOf(asked.html, 'main li').slice(-3)).toEqual([
      '1 version with 567 B of stored data can no longer be read.',
      '1 person it is shared with can no longer see it.',
      'No dataset is made from it.',
    ])
    expect((await ada.post(paths.datasetDeletion(id))).location).toBe(paths.catalog())
    expect([(await ada.get(paths.dataset(id))).status, (await ben.get(paths.dataset(id))).status]).toEqual([404, 404])
    const deleted = await ada.get(paths.deletedDatasets())
    expect(textOf(deleted.html, '.relation-line')).toMatch(/^Deleted just now · deleted for good in 30 days$/)
    const { location } = await ada.post(paths.datasetRestoration(id))
    const { html } = await ada.get(location ?? '')
    expect(textOf(html, '#flash')).toBe('Dataset restored, with all of its versions.')
    expect(textsOf(html, '#versions tbody th')).toEqual(['1'])
    expect((await ben.get(paths.dataset(id))).status).toBe(200)
  })

  it('for good asks once more, and leaves nothing', async () => {
    await ada.post(paths.datasetDeletion(id))
    const asked = await ada.get(paths.datasetErasure(id))
    expect(textOf(asked.html, 'main form button')).toBe('Delete for good')
    const { location } = await ada.post(paths.datasetErasure(id))
    expect(location).toBe(paths.deletedDatasets())
    expect((await ada.post(paths.datasetRestoration(id))).status).toBe(404)
    expect((await ada.get(paths.datasetErasure(id))).status).toBe(404)
  })
})

describe('/catalog/:id/versions/:version/deletion', () => {
  it('takes the version and its rows', async () => {
    await ada.post(paths.newDatasetVersion(id), { account: at.credentialId })
    await at.app.catalog.snapshots.idle()
    const asked = await ada.get(paths.datasetVersionDeletion(id, 1))
    expect(textOf(asked.html, 'main p')).toContain('Its data (45 rows, 567 B) is deleted for good.')
    const { location } = await ada.post(paths.datasetVersionDeletion(id, 1))
    expect(textsOf((await ada.get(location ?? '')).html, '#versions tbody th')).toEqual(['2'])
    for (const path of [paths.datasetPreview(id, 1), paths.datasetDownload(id, 1, 'csv')]) {
      expect((await ada.get(path)).status).toBe(404)
    }
    await ada.post(paths.datasetVersionDeletion(id, 2))
    expect(textOf((await ada.get(paths.dataset(id))).html, '.empty-state h2')).toBe('No data yet')
  })
})

describe('/catalog/:id/sharing', () => {
  it('lists people and roles, and refuses an address of nobody in words', async () => {
    expect(textOf((await ada.get(paths.datasetSharing(id))).html, '.empty-state h3')).toBe('Not shared yet')
    const { status, html } = await ada.post(paths.datasetSharing(id), { email: 'nobody@example.com', role: 'editor' })
    expect([status, formValues(html)]).toEqual([422, { email: 'nobody@example.com', role: 'editor' }])
    await share('editor')
    const listed = await ada.get(paths.datasetSharing(id))
    expect(textsOf(listed.html, '.relation-name')).toEqual(['Ada you', 'Ben'])
    expect(textsOf((await ben.get(paths.catalog({ show: 'shared' }))).html, 'tbody th')[0]).toContain('shared with you')
    await ada.post(paths.datasetShareRole(id, at.app.ben.id), { role: 'consumer' })
    expect(textsOf((await ada.get(paths.datasetSharing(id))).html, '.relation-line')[1]).toContain('Consumer')
    expect((await ada.post(paths.datasetShareRole(id, at.app.ben.id), { role: 'x' })).status).toBe(422)
    const left = await ben.post(paths.datasetShareRemoval(id, at.app.ben.id))
    expect(left.location).toBe(paths.catalog())
    expect((await ben.get(paths.dataset(id))).status).toBe(404)
  })

  it('shows a consumer what they may do and nothing else', async () => {
    await share('consumer')
    const { html, text } = await ben.get(paths.dataset(id))
    expect(textsOf(html, '.page-header .actions a')).toEqual(['Sharing'])
    expect(text).not.toContain('Reporting of Ada')
    expect(textOf(html, '.subtitle')).toBe('From a data connection that is not shared with you')
    expect((await ben.get(paths.datasetDownload(id, 1, 'csv'))).text).toContain('44')
  })
})

describe('every page that changes a dataset', () => {
  const gets = () => [
    paths.editDataset(id),
    paths.datasetDeletion(id),
    paths.datasetVersionDeletion(id, 1),
    paths.datasetShareRole(id, at.app.ben.id),
    paths.newDatasetVersion(id),
  ]
  const posts = () => [...gets(), paths.datasetSharing(id), paths.datasetShareRemoval(id, at.app.ada.id)]

  it('for a stranger is 404, for a consumer 403, signed out the sign-in page; and nothing changes', async () => {
    const out = at.app.client()
    const before = await fingerprint(at.app.db, ['sessions', 'audit_entries'])
    for (const path of gets()) {
      expect([path, (await ben.get(path)).status]).toEqual([path, 404])
      expect((await out.get(path)).location).toMatch(/^\/login/)
    }
    for (const path of posts()) expect([path, (await ben.post(path, words)).status]).toEqual([path, 404])
    const tables = ({ ledger_tail, ...rest }: Record<string, string>) => rest
    expect(tables(await fingerprint(at.app.db, ['sessions', 'audit_entries']))).toEqual(tables(before))
    await share('consumer')
    for (const path of gets()) expect([path, (await ben.get(path)).status]).toEqual([path, 403])
    for (const path of posts()) {
      const { status, html } = await ben.post(path, { ...words, email: at.app.root.email, role: 'owner' })
      expect([path, status]).toEqual([path, 403])
      expect(textOf(html, 'main')).toContain('Your role on this dataset does not allow that. Ask one of its owners.')
    }
  })

  it('as a fragment is the document’s main', async () => {
    await share('consumer')
    const more = [paths.datasetSharing(id), paths.datasetShareRemoval(id, at.app.ben.id), paths.deletedDatasets()]
    for (const path of [...gets(), ...more]) {
      const [whole, part] = [await ada.get(path), await ada.fragment(path)]
      expect([path, whole.status, part.status]).toEqual([path, 200, 200])
      expect(textOf(whole.html, 'main h1')).toBe(textOf(part.html, 'h1'))
      expect(part.text).not.toContain('<html')
    }
  })
})

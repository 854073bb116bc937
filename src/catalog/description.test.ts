import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NotFound } from '../access/refusals.ts'
import { type CatalogDomain, catalogDomain } from '../testing/catalog-domain.ts'
import { parseTags } from './tags.ts'

describe('parseTags', () => {
  it('takes commas and lines, trims, and takes one tag of those that read the same', () => {
    expect(parseTags(' Sales,  eu   west\nsales ,, \r\nÉté')).toEqual({
      ok: true,
      tags: [
        { tag: 'Sales', key: 'sales' },
        { tag: 'eu west', key: 'eu west' },
        { tag: 'Été', key: 'été' },
      ],
    })
  })

  it('takes letters and their composed form for one tag', () => {
    expect(parseTags('e\u0301te\u0301, été')).toEqual({ ok: true, tags: [{ tag: 'été', key: 'été' }] })
  })

  it.each([
    ['21 tags', Array.from({ length: 21 }, (_, index) => `tag ${index}`).join(','), 'at most 20'],
    ['51 characters', 'x'.repeat(51), 'longer than 50'],
    ['a control character', 'a\u0007b', 'control character'],
    ['nothing visible', '\u200b', 'visible'],
  ])('with %s, says what to do', (_what, text, words) => {
    expect(parseTags(text)).toEqual({ ok: false, error: expect.stringContaining(words) })
  })

  it('with 20 tags of 50 characters outside the basic plane, takes them', () => {
    const text = Array.from({ length: 20 }, (_, index) => `${'🦊'.repeat(48)}${String(index).padStart(2, '0')}`)
    expect(parseTags(text.join(','))).toMatchObject({ ok: true })
  })
})

describe('edit and list', () => {
  let at: CatalogDomain
  const ids: string[] = []

  beforeAll(async () => {
    at = await catalogDomain()
    for (const table of ['beta_50%', 'Alpha', 'gamma']) ids.push(await at.add(table))
    await at.add('live', { isDynamic: true })
  })
  afterAll(() => at.close())

  const edit = (id: string, words: { name?: string; description?: string; tags?: string; revision: number }) =>
    at.catalog.datasetDescription.edit(at.domain.ada, id, { name: 'Alpha', description: '', tags: '', ...words })
  const names = async (search: Parameters<CatalogDomain['catalog']['datasetListing']['list']>[1]) =>
    (await at.catalog.datasetListing.list(at.domain.ada, search)).rows.map(({ name }) => name)

  it('saves name, description and tags, and refuses what does not fit in all three', async () => {
    const id = ids[1] ?? ''
    expect(await edit(id, { description: 'What\r\nfor', tags: 'Finance, EU', revision: 1 })).toEqual({ ok: true })
    const shown = await at.catalog.datasetQueries.show(at.domain.ada, id)
    expect(shown).toMatchObject({ description: 'What\nfor', tags: ['EU', 'Finance'], revision: 2 })
    const refused = await edit(id, { name: ' ', description: 'x'.repeat(501), tags: 'y'.repeat(51), revision: 2 })
    expect(refused).toMatchObject({ ok: false, reason: 'invalid' })
    expect(Object.keys('errors' in refused ? refused.errors : {})).toEqual(['name', 'description', 'tags'])
    expect((await edit(id, { description: '🦊'.repeat(500), tags: 'Finance, EU', revision: 2 })).ok).toBe(true)
  })

  it('of an older revision changes nothing and says what is stored', async () => {
    const id = ids[2] ?? ''
    await edit(id, { name: 'gamma', tags: 'EU', revision: 1 })
    expect(await edit(id, { name: 'Mine', revision: 1 })).toEqual({
      ok: false,
      reason: 'stale',
      current: { name: 'gamma', description: '', tags: 'EU', revision: 2 },
    })
    await expect(
      at.catalog.datasetDescription.edit(at.domain.ben, id, { name: 'x', description: '', tags: '', revision: 2 }),
    ).rejects.toThrow(NotFound)
  })

  it('finds whatever the accents and the case, of what was typed and of what is stored', async () => {
    const id = await at.add('plain')
    await edit(id, { name: 'Année Straße', description: 'Über Nacht', tags: 'Crédit', revision: 1 })
    for (const text of ['annee', 'ANNÉE', 'strasse', 'uber nacht', 'credit']) {
      expect(await names({ text }), text).toEqual(['Année Straße'])
    }
    await at.catalog.datasetDeletion.delete(at.domain.ada, id)
  })

  it('finds by a part of the name, by tag in any case, and by kind', async () => {
    expect(await names({ text: 'LPH' })).toEqual(['Alpha'])
    expect(await names({ text: '0%' })).toEqual(['beta_50%'])
    expect(await names({ text: '_' })).toEqual(['beta_50%'])
    expect(await names({ tag: 'eu', order: 'name' })).toEqual(['Alpha', 'gamma'])
    expect(await names({ tag: 'FINANCE' })).toEqual(['Alpha'])
    expect(await names({ tag: 'nothing' })).toEqual([])
    expect(await names({ show: 'dynamic' })).toEqual(['live'])
    expect(await names({ show: 'shared' })).toEqual([])
    expect(await names({ show: 'mine', order: 'name' })).toEqual(['Alpha', 'beta_50%', 'gamma', 'live'])
    expect(await at.catalog.datasetListing.tags(at.domain.ada)).toEqual([
      { key: 'eu', tag: 'EU' },
      { key: 'finance', tag: 'Finance' },
    ])
    expect(await at.catalog.datasetListing.tags(at.domain.ben)).toEqual([])
  })

  it('goes on after a page by name without losing or doubling any', async () => {
    for (let n = 0; n < 60; n++) await at.add(`many ${n % 7}`, { isDynamic: true })
    const first = await at.catalog.datasetListing.list(at.domain.ada, { text: 'many', order: 'name' })
    const search = { text: 'many', order: 'name', after: first.next ?? '' } as const
    const second = await at.catalog.datasetListing.list(at.domain.ada, search)
    const all = [...first.rows, ...second.rows]
    expect([first.rows.length, second.rows.length, second.next]).toEqual([50, 10, null])
    expect(new Set(all.map(({ id }) => id)).size).toBe(60)
    expect(all.map(({ name }) => name)).toEqual(all.map(({ name }) => name).toSorted())
  })
})

import { desc, eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auditEntries } from '../../db/schema/audit.ts'
import { paths } from '../../paths.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { type Html, textOf, textsOf } from '../../testing/html.ts'
import { type StoredDatasets, storedDatasets } from '../../testing/stored-datasets.ts'

let app: TestApp
let ada: Client
let ben: Client
let data: StoredDatasets

beforeAll(async () => {
  app = await testApp()
  app.computing.start()
  data = await storedDatasets(app)
  ada = await app.signInAs(app.ada)
  ben = await app.signInAs(app.ben)
})
afterAll(async () => {
  await app.close()
  data.remove()
})

describe('The profile of a version', () => {
  test('is computed by itself after the snapshot, and shows numbers, frequent values and a histogram with its table', async () => {
    const id = await data.add(
      'orders',
      "SELECT i AS id, CASE WHEN i % 4 = 0 THEN NULL ELSE '<b>' || (i % 2) END AS city FROM range(100) t(i)",
    )
    await app.computing.idle()
    const { status, html, text } = await ada.get(paths.datasetProfile(id, 1))
    expect([status, textOf(html, 'h1')]).toEqual([200, 'Profile of orders, version 1'])
    expect(textOf(html, '.subtitle')).toBe('100 rows × 2 columns')
    expect(textsOf(html, 'h2')).toEqual(['id', 'city'])
    const [numbers = [], texts = []] = [...html.querySelectorAll('main .facts')].map(factsIn)
    expect(numbers.slice(0, 6)).toEqual([
      ['Type', 'BIGINT'],
      ['NULL', '0 (0 %)'],
      ['Different values', '100'],
      ['Least', '0'],
      ['Greatest', '99'],
      ['Mean', '49.5'],
    ])
    // They are estimates, of numbers half-way between two.
    expect(numbers.slice(6)).toEqual([
      ['Quartiles', expect.stringMatching(/^about 2[45](\.\d+)? · (49|50)(\.\d+)? · 7[45](\.\d+)?$/)],
    ])
    expect(texts).toEqual([
      ['Type', 'VARCHAR'],
      ['NULL', '25 (25 %)'],
      ['Different values', '2'],
      ['Least', '<b>0'],
      ['Greatest', '<b>1'],
    ])
    expect(html.querySelectorAll('.histogram rect')).toHaveLength(20)
    expect(html.querySelectorAll('.histogram tbody tr')).toHaveLength(20)
    expect(textsOf(html, '.profile-pictures > .table-scroll tbody th')).toEqual(['<b>1', '<b>0'])
    expect(text).not.toContain('<b>1')
    const fragment = await ada.fragment(paths.datasetProfile(id, 1))
    expect(textOf(fragment.html, 'h1')).toBe(textOf(html, 'h1'))
    expect(fragment.text).not.toContain('<!doctype')
  })

  test('of data that cannot be read, says why and can be computed again', async () => {
    const id = await data.add('broken', 'SELECT 1 AS id', { spoil: true })
    await app.computing.idle()
    const { html } = await ada.get(paths.datasetProfile(id, 1))
    expect(textOf(html, '.notice')).toMatch(/^Profile failed\. *The stored data of "file" cannot be read/)
    expect(textOf(html, 'main .button-primary')).toBe('Compute profile')
    expect((await ada.post(paths.datasetProfile(id, 1))).location).toBe(paths.datasetProfile(id, 1))
    await app.computing.idle()
    expect(await entries(id, 'dataset.analyse')).toBe(2)
  })

  test('while it waits or goes on, shows progress, refreshes itself, and can be cancelled', async () => {
    const release = data.fillPlaces()
    const id = await data.add('waiting', 'SELECT 1 AS id')
    await expect.poll(async () => (await ada.get(paths.datasetProfile(id, 1))).text).toContain('Cancel the profile')
    const page = await ada.get(paths.datasetProfile(id, 1))
    expect(page.text).toMatch(/<noscript>\s*<meta[^>]*http-equiv="refresh"/)
    const cancelled = await ada.post(paths.datasetProfileCancellation(id, 1))
    expect(cancelled.location).toBe(paths.datasetProfile(id, 1))
    release()
    await app.computing.idle()
    expect(textOf((await ada.get(paths.datasetProfile(id, 1))).html, '.notice')).toMatch(/^Profile was cancelled\./)
  })

  test('is nowhere for somebody else', async () => {
    const id = await data.add('private', 'SELECT 1 AS id')
    await app.computing.idle()
    for (const path of [
      paths.datasetProfile(id, 1),
      paths.datasetComparison(id),
      paths.datasetComparison(id, { from: 1, to: 1 }),
    ]) {
      expect((await ben.get(path)).status).toBe(404)
    }
    for (const path of [
      paths.datasetProfile(id, 1),
      paths.datasetProfileCancellation(id, 1),
      paths.datasetComparisonCancellation(id, { from: 1, to: 2 }),
      paths.newCombination(id),
    ]) {
      expect((await ben.post(path)).status).toBe(404)
    }
    expect((await ben.post(paths.datasetComparison(id), { from: '1', to: '2' })).status).toBe(404)
    expect((await ada.get(paths.datasetProfile(id, 2))).status).toBe(404)
  })

  test('holds no value in the clear in the database', async () => {
    const id = await data.add('sealed', "SELECT 'needle in a profile' AS x FROM range(9)")
    await app.computing.idle()
    expect(textOf((await ada.get(paths.datasetProfile(id, 1))).html, 'main')).toContain('needle in a profile')
    const { rows } = await app.db.execute<{ dump: string }>(
      `select encode(result, 'escape') || coalesce(message, '') as dump from analyses where dataset_id = '${id}'`,
    )
    expect(rows).toHaveLength(1)
    expect(rows[0]?.dump).not.toContain('needle')
  })
})

describe('The comparison of two versions', () => {
  test('shows how columns drifted and which rows came and went', async () => {
    const id = await data.add('prices', 'SELECT i AS id, 1 AS price, 2 AS old FROM range(10) t(i)')
    await data.refresh(
      id,
      "SELECT i AS id, CASE WHEN i = 5 THEN 7 ELSE 1 END AS price, 'x' AS fresh FROM range(2, 12) t(i)",
    )
    const page = await ada.get(paths.dataset(id))
    expect(textOf(page.html, '#versions')).toContain('Columns: 1 added, 1 gone')
    expect((await ada.get(paths.datasetComparison(id))).html.querySelectorAll('select')).toHaveLength(3)
    const posted = await ada.post(paths.datasetComparison(id), { from: '1', to: '2', key: 'id' })
    expect(posted.location).toBe(paths.datasetComparison(id, { from: 1, to: 2, key: 'id' }))
    await app.computing.idle()
    const { html } = await ada.get(posted.location ?? '')
    expect(textsOf(html, '#columns li')).toEqual(['Added: fresh VARCHAR', 'Gone: old INTEGER'])
    expect(textOf(html, '#rows strong')).toBe('2 rows added, 2 rows gone, 1 row changed.')
    expect(textsOf(html, '#rows tbody tr')).toContain('after57')
  })

  test('of one version with itself, or of nothing, asks again with 422', async () => {
    const id = await data.add('single', 'SELECT 1 AS id')
    expect(textOf((await ada.get(paths.datasetComparison(id))).html, '.empty-state')).toContain(
      'Nothing to compare yet',
    )
    await data.refresh(id, 'SELECT 2 AS id')
    const same = await ada.post(paths.datasetComparison(id), { from: '2', to: '2', key: '' })
    expect([same.status, textOf(same.html, '#error-summary')]).toEqual([
      422,
      'There is a problemThese are the same version. Choose another one.',
    ])
    expect((await ada.post(paths.datasetComparison(id), { from: 'x' })).status).toBe(422)
    expect((await ada.post(paths.datasetComparison(id), { from: '1', to: '9', key: '' })).status).toBe(404)
  })

  test('by a column that does not tell rows apart, says so', async () => {
    const id = await data.add('repeated', 'SELECT 1 AS id FROM range(3)')
    await data.refresh(id, 'SELECT 2 AS id')
    const posted = await ada.post(paths.datasetComparison(id), { from: '1', to: '2', key: 'id' })
    await app.computing.idle()
    expect(textOf((await ada.get(posted.location ?? '')).html, '#rows .notice')).toMatch(
      /in version 1 it is NULL or repeated in 3 rows/,
    )
  })
})

async function entries(id: string, action: string): Promise<number> {
  const rows = await app.db
    .select()
    .from(auditEntries)
    .where(eq(auditEntries.resourceId, id))
    .orderBy(desc(auditEntries.sequence))
  return rows.filter((row) => row.action === action).length
}

/** The labels of a list of facts, each with its value. */
function factsIn(list: ReturnType<Html['querySelectorAll']>[number]): (readonly [string, string])[] {
  return [...list.querySelectorAll('div')].map((fact) => [
    fact.querySelector('dt')?.textContent ?? '',
    fact.querySelector('dd')?.textContent ?? '',
  ])
}

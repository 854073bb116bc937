import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auditEntries } from '../../db/schema/audit.ts'
import { datasets } from '../../db/schema/catalog.ts'
import { paths } from '../../paths.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Answer, Client } from '../../testing/client.ts'
import { textOf, textsOf } from '../../testing/html.ts'
import { type StoredDatasets, storedDatasets } from '../../testing/stored-datasets.ts'

let app: TestApp
let ada: Client
let ben: Client
let data: StoredDatasets
let orders: string
let customers: string

beforeAll(async () => {
  app = await testApp()
  data = await storedDatasets(app)
  ada = await app.signInAs(app.ada)
  ben = await app.signInAs(app.ben)
  orders = await data.add('orders', 'SELECT i AS id, i % 3 AS customer, i * 1.5 AS amount FROM range(30) t(i)')
  customers = await data.add('Customers, "all"', "SELECT i AS id, 'C' || i AS name FROM range(3) t(i)")
  await data.add('private', "SELECT 'needle of Ben' AS secret", { actor: app.ben })
})
afterAll(async () => {
  await app.close()
  data.remove()
})

const joined =
  'SELECT name, sum(amount) AS total\nFROM orders JOIN "customers, ""all""" c ON c.id = customer\nGROUP BY name ORDER BY name'

function preview(query: string, client = ada): Promise<Answer> {
  return client.post(paths.combine(), { query, name: 'kept name', search: '', intent: 'preview' })
}

describe('GET /catalog/combine', () => {
  test('lists what the actor may use, with columns, and nothing of others', async () => {
    const { html, text } = await ada.get(paths.combine())
    expect(textsOf(html, '.combine-name code')).toEqual(['"Customers, ""all"""', '"orders"'])
    expect(textsOf(html, '.combine-list li:nth-child(2) details li').map((line) => line.trim())).toEqual([
      '"id" BIGINT',
      '"customer" BIGINT',
      '"amount" DECIMAL(21,1)',
    ])
    expect(text).not.toContain('private')
  })

  test('finds a dataset whatever its accents and case', async () => {
    await data.add('Crédits Straße', 'SELECT 1 AS id')
    for (const search of ['credits', 'CRÉDITS ', 'strasse']) {
      const { html } = await ada.post(paths.combine(), { query: '', name: '', search, intent: 'search' })
      expect(textsOf(html, '.combine-name code'), search).toEqual(['"Crédits Straße"'])
    }
  })

  test('without any dataset, leads to adding one', async () => {
    const eve = await app.signInAs(app.eve)
    expect(textOf((await eve.get(paths.combine())).html, '.empty-state')).toMatch(/No datasets to combine yet/)
  })
})

describe('POST /catalog/combine', () => {
  test('inserts a name without losing what was typed, with and without JavaScript', async () => {
    const empty = await ada.post(paths.combine(), { query: '', name: '', search: '', insert: 'orders' })
    expect([empty.status, typedIn(empty)]).toEqual([200, 'SELECT *\nFROM "orders"'])
    const more = { query: 'SELECT 1 FROM', name: 'kept', search: '', insert: 'Customers, "all"' }
    const inserted = await ada.post(paths.combine(), more)
    const { html } = inserted
    expect(typedIn(inserted)).toBe('SELECT 1 FROM "Customers, ""all"""')
    expect(html.querySelector('[name=name]')?.getAttribute('value')).toBe('kept')
  })

  test('previews a join, says how long it took, stores nothing, and records each dataset that was read', async () => {
    const before = await count()
    const answer = await preview(joined)
    const { status, html } = answer
    expect(status).toBe(200)
    expect(textsOf(html, '.combine-query tbody tr')).toEqual(
      ['C0202.5', 'C1217.5', 'C2232.5'].map((row) => expect.stringContaining(row.slice(0, 2))),
    )
    expect(textOf(html, '[role=status]')).toMatch(/^All 3 rows, in \d+\.\d s\. Nothing was stored\.$/)
    expect(typedIn(answer)).toBe(joined)
    expect(await count()).toBe(before)
    for (const id of [orders, customers]) {
      const last = (await entriesOf(id)).at(-1)
      expect(last).toMatchObject({ action: 'dataset.query', outcome: 'allowed', purpose: 'preview of a query' })
    }
  })

  test.each([
    ['SELECT *\nFORM orders', 'Syntax error at or near "orders" (in line 2, character 6).'],
    ['SELECT nothing FROM orders', /^Referenced column "nothing" not found .* \(at character 8\)\.$/],
    [
      'SELECT * FROM private',
      'There is no dataset "private" with data that you may use. Choose from the list of datasets (at character 15).',
    ],
    ["SELECT * FROM read_text('/etc/passwd')", /^The function "read_text" cannot be used here/],
    ['DROP TABLE orders', /^Only a SELECT can be run here/],
    ['', 'There is no query yet. Write a SELECT over the datasets.'],
  ])('with the query %j, says what is wrong and where, and keeps what was typed', async (query, message) => {
    const answer = await preview(query)
    const { status, html } = answer
    expect([status, textOf(html, 'title')]).toEqual([422, 'Error: Combine datasets · Keyward'])
    const error = textOf(html, '#error-summary li')
    expect(error).toEqual(typeof message === 'string' ? message : expect.stringMatching(message))
    expect(typedIn(answer)).toBe(query)
    expect(html.querySelector('[name=name]')?.getAttribute('value')).toBe('kept name')
    expect(textOf(html, 'main')).not.toContain('needle')
  })

  test('of two datasets of one name, asks which and takes either by its number', async () => {
    await data.add('twice', "SELECT 'older' AS which")
    await data.add('Twice', "SELECT 'newer' AS which")
    expect(textOf((await preview('SELECT * FROM twice')).html, '#error-summary li')).toBe(
      '2 datasets are called "twice". Write "twice (1)" or "Twice (2)" (at character 15).',
    )
    expect(textsOf((await preview('SELECT * FROM "twice (2)"')).html, '.combine-query tbody td')).toEqual(['newer'])
  })

  test('saves a dataset that holds the result, knows its sources and their versions, and is refreshed from the latest', async () => {
    const saved = await ada.post(paths.combine(), { query: joined, name: 'totals', search: '', intent: 'save' })
    expect(saved.status).toBe(303)
    const id = saved.location?.split('/').at(-1) ?? ''
    await app.catalog.snapshots.idle()
    const page = await ada.get(paths.dataset(id))
    expect(textOf(page.html, '.subtitle')).toBe('Combined from other datasets')
    expect(textsOf(page.html, '#preview tbody tr')).toHaveLength(3)
    expect(textsOf(page.html, '#lineage li')).toEqual(['orders, version 1', 'Customers, "all", version 1'])
    expect(textsOf((await ada.get(paths.dataset(orders))).html, '#lineage li').at(-1)).toBe('totals')
    await data.refresh(orders, 'SELECT 1 AS id, 1 AS customer, 7 AS amount')
    expect((await ada.post(paths.newCombination(id))).location).toBe(paths.dataset(id))
    await app.catalog.snapshots.idle()
    const again = await ada.get(paths.dataset(id))
    expect(textsOf(again.html, '#preview tbody tr').map((row) => row.trim())).toEqual(['C17'])
    expect(textsOf(again.html, '#lineage li')[0]).toBe('orders, version 2')
    expect(textOf((await ada.get(paths.catalog())).html, 'tbody')).toContain('other datasets')
    expect((await entriesOf(id)).map(({ action }) => action)).toEqual(['dataset.create', 'dataset.refresh'])
  })

  test('without a name, or with a query that cannot be run, saves nothing', async () => {
    const before = await count()
    const unnamed = await ada.post(paths.combine(), { query: joined, name: ' ', search: '', intent: 'save' })
    expect([unnamed.status, textOf(unnamed.html, '#error-summary li')]).toEqual([422, 'Enter a dataset name.'])
    const wrong = await ada.post(paths.combine(), { query: 'SELECT x FROM orders', name: 'x', search: '' })
    expect(wrong.status).toBe(422)
    expect(await count()).toBe(before)
  })

  test('of a source that was deleted since, makes no version and says why', async () => {
    const source = await data.add('passing', 'SELECT 1 AS id')
    const saved = await ada.post(paths.combine(), { query: 'SELECT * FROM passing', name: 'left alone', search: '' })
    const id = saved.location?.split('/').at(-1) ?? ''
    await app.catalog.snapshots.idle()
    await app.catalog.datasetDeletion.delete(app.ada, source)
    await ada.post(paths.newCombination(id))
    await app.catalog.snapshots.idle()
    const { html } = await ada.get(paths.dataset(id))
    expect(textOf(html, '.notice')).toMatch(
      /^Version 2 failed\. *The dataset "passing" was deleted, or is no longer shared/,
    )
    expect(textsOf(html, '#lineage li')[0]).toMatch(/^passing, which was deleted/)
    expect(textsOf(html, '#preview tbody td')).toEqual(['1'])
  })

  test('while every place is taken, answers 429 with a time, and the page keeps what was typed', async () => {
    const stop = new AbortController()
    const sql = 'SELECT sum(hash(a.r, b.r)) FROM range(1000000) a(r), range(1000000) b(r)'
    const job = { kind: 'preview', input: { sql, rows: 1 }, files: [], target: null } as const
    const running = [1, 2].map(() => app.analysis.run(job, { userId: app.ada.id, signal: stop.signal }))
    const answer = await preview('SELECT 1')
    stop.abort()
    await Promise.all(running)
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([429, '5'])
    expect(answer.html.querySelector('[name=query]')?.getAttribute('value')).toBe('SELECT 1')
  }, 60_000)

  test('reads nothing of another person by any name', async () => {
    const { text } = await preview('SELECT * FROM private', ben)
    expect(text).toContain('needle of Ben')
    const { rows } = await app.db.execute<{ file: string }>('select file from dataset_versions where file is not null')
    for (const { file } of rows) {
      for (const path of [file, `${app.snapshotDirectory}/${file}`]) {
        const answer = await preview(`SELECT * FROM '${path}'`)
        expect([answer.status, textOf(answer.html, '#error-summary li')]).toEqual([
          422,
          expect.stringMatching(/^There is no dataset/),
        ])
        expect((await preview(`SELECT * FROM read_parquet('${path}')`)).status).toBe(422)
      }
    }
  }, 120_000)
})

/** What the text field holds: the parser of tests knows no entities there. */
function typedIn({ text }: Answer): string {
  const [, content = ''] = /<textarea[^>]*>\s*([\s\S]*?)<\/textarea>/.exec(text) ?? []
  return content.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&amp;', '&')
}

async function count(): Promise<number> {
  return (await app.db.select().from(datasets)).length
}

function entriesOf(id: string) {
  return app.db.select().from(auditEntries).where(eq(auditEntries.resourceId, id)).orderBy(auditEntries.sequence)
}

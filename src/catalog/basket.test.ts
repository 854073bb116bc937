import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeTable } from '../../views/catalog/table-value.ts'
import { type Basket, decodeTables, parseBasket, tableDatasetName } from './basket.ts'
import { attachment } from './file-names.ts'
import { parseSample } from './sample.ts'

const basket: Basket = { as: 'tables', tables: [], query: '', name: '', rowLimit: '', sample: '' }

describe('decodeTables', () => {
  it('of what the checkboxes post, gives the same tables, whatever their names', () => {
    const name = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => !text.includes('\0'))
    fc.assert(
      fc.property(name, name, (schema, table) => {
        expect(decodeTables([encodeTable({ schema, table })])).toEqual([{ schema, table }])
      }),
    )
  })

  it('of anything else, gives nothing and never throws', () => {
    const made = [
      '',
      '[]',
      '["a"]',
      '["a","b","c"]',
      '[1,2]',
      '{"0":"a"}',
      '["","b"]',
      '["a\\u0000","b"]',
      '["a","\\ud800"]',
      'null',
    ]
    expect(decodeTables(made)).toEqual([])
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(decodeTables([text]))))
  })

  it('of one table posted twice, gives it once', () => {
    expect(decodeTables(['["a","b"]', '["a","b"]'])).toHaveLength(1)
  })
})

describe('parseBasket', () => {
  it('of a query without a name, takes the fallback and trims', () => {
    const parsed = parseBasket(
      { ...basket, as: 'query', query: ' select 1 \r\n', rowLimit: ' 1,000 ' },
      'Query on Sales',
    )
    expect(parsed).toEqual({
      ok: true,
      items: [{ name: 'Query on Sales', source: { kind: 'query', query: 'select 1' } }],
      rowLimit: 1000,
    })
  })

  it.each([
    ['no table', basket, { item: 'Choose at least one table.' }],
    [
      '101 tables',
      { ...basket, tables: Array.from({ length: 101 }, (_, n) => ({ schema: 's', table: `t${n}` })) },
      { item: 'You chose 101 tables. Choose at most 100 at a time.' },
    ],
    ['no query', { ...basket, as: 'query' as const, query: ' ' }, { query: 'Enter a query.' }],
    [
      'a NUL in the query',
      { ...basket, as: 'query' as const, query: 'a\0' },
      { query: 'The query contains a NUL character. Remove it.' },
    ],
  ])('of %s, says what to do', (_, typed, errors) => {
    expect(parseBasket(typed, 'Query')).toEqual({ ok: false, errors })
  })

  it.each(['0', '-1', '1.5', '1e3', '2147483648', 'all', '99999999999999'])(
    'of the row limit %s, names the range',
    (rowLimit) => {
      const parsed = parseBasket({ ...basket, tables: [{ schema: 's', table: 't' }], rowLimit }, 'Query')
      expect(parsed).toMatchObject({
        ok: false,
        errors: { rowLimit: expect.stringMatching(/from 1 to 2,147,483,647/) },
      })
    },
  )
})

describe('tableDatasetName', () => {
  it('of a name that cannot be one, makes one that can', () => {
    expect(tableDatasetName({ schema: 'public', table: 'orders' })).toBe('orders')
    expect(tableDatasetName({ schema: 'public', table: 'a\u0007b' })).toBe('a b')
    expect(tableDatasetName({ schema: 'public', table: '   ' })).toBe('A table of public')
    expect([...tableDatasetName({ schema: 's', table: '🙂'.repeat(200) })]).toHaveLength(100)
  })
})

describe('attachment', () => {
  it.each([
    ['orders', `attachment; filename="orders-v1.csv"; filename*=UTF-8''orders-v1.csv`],
    ['../../etc/passwd', `attachment; filename="_.._etc_passwd-v1.csv"; filename*=UTF-8''_.._etc_passwd-v1.csv`],
    [
      'a\r\nSet-Cookie: x',
      `attachment; filename="a__Set-Cookie_ x-v1.csv"; filename*=UTF-8''a__Set-Cookie_%20x-v1.csv`,
    ],
    ['日本', `attachment; filename="dataset-v1.csv"; filename*=UTF-8''%E6%97%A5%E6%9C%AC-v1.csv`],
    ['...', `attachment; filename="dataset-v1.csv"; filename*=UTF-8''dataset-v1.csv`],
  ])('of %j, is a safe name', (name, header) => {
    expect(attachment(name, 1, 'csv')).toBe(header)
  })

  it('of any text, is one header line that a server may send', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(attachment(name, 3, 'parquet')).toMatch(/^[\x20-\x7e]+$/)
        expect(() => new Headers({ 'Content-Disposition': attachment(name, 3, 'parquet') })).not.toThrow()
      }),
    )
  })
})

describe('parseSample', () => {
  it.each([
    ['5 %', 'percent', 5],
    ['0.5%', 'percent', 0.5],
    ['0,25 %', 'percent', 0.25],
    ['100%', 'percent', 100],
    ['10,000', 'rows', 10_000],
    [" 1'000 ", 'rows', 1_000],
  ])('of %j, takes %s', (text, of, amount) => {
    expect(parseSample(text)).toEqual({ ok: true, sample: { of, amount, seed: expect.any(Number) } })
  })

  it.each(['0', '0 %', '101 %', '-5 %', '5 percent', '1e3', '1.5', '%', '2147483648', '0.0000001 %'])(
    'of %j, says what it may be',
    (text) => {
      expect(parseSample(text)).toEqual({ ok: false, error: expect.stringContaining('neither a percentage') })
    },
  )

  it('of nothing, takes everything', () => {
    expect(parseSample(' ')).toEqual({ ok: true, sample: null })
  })

  it('goes into each table of a basket, and into no query', () => {
    const tables = ['a', 'b'].map((table) => ({ schema: 's', table }))
    const parsed = parseBasket({ ...basket, tables, sample: '5 %' }, 'Query')
    expect(parsed).toMatchObject({
      items: [{ source: { sample: { amount: 5 } } }, { source: { sample: { amount: 5 } } }],
    })
    const query = parseBasket({ ...basket, as: 'query', query: 'select 1', sample: 'nonsense' }, 'Query')
    expect(query).toMatchObject({ ok: true, items: [{ source: { kind: 'query', query: 'select 1' } }] })
    expect(parseBasket({ ...basket, tables, sample: 'x' }, 'Query')).toMatchObject({ ok: false })
  })

  it('wrong beside a wrong row limit, is named first, as on the page', () => {
    const parsed = parseBasket(
      { ...basket, tables: [{ schema: 's', table: 'a' }], sample: 'x', rowLimit: '-3' },
      'Query',
    )
    expect(Object.keys(parsed.ok ? {} : parsed.errors)).toEqual(['sample', 'rowLimit'])
  })
})

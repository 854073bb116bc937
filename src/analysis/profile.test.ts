import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../package-root.ts'
import { makeParquet } from '../testing/parquet-file.ts'
import type { Analysis, ColumnProfile, Profile } from './analysis.ts'
import { createAnalysis } from './pool.ts'

let folder: string
let analysis: Analysis
let made = 0

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-profile-'))
  const scratchDirectory = join(folder, 'scratch')
  analysis = createAnalysis({ workerFile: join(packageRoot(), 'dist/analyst.cjs'), scratchDirectory })
})

afterAll(async () => {
  await analysis.close()
  rmSync(folder, { recursive: true })
})

async function profileOf(select: string): Promise<Profile> {
  const path = join(folder, `${++made}.parquet`)
  await makeParquet(path, select)
  const job = { kind: 'profile', input: {}, files: [{ name: 'file', path }], target: null } as const
  const outcome = await analysis.run<'profile'>(job, { userId: 'ada' })
  if (!outcome.ok) throw new Error(`${outcome.reason}: ${outcome.message}`)
  return outcome.value
}

describe('The profile of a column', () => {
  const odd: readonly (readonly [what: string, select: string, looks: Partial<ColumnProfile>])[] = [
    [
      'numbers that lie closer than a DOUBLE can divide',
      'SELECT unnest([0::DOUBLE, 5e-324::DOUBLE])',
      { minimum: '0.0', maximum: '5e-324', histogram: null },
    ],
    [
      'numbers that lie farther apart than a DOUBLE can tell',
      'SELECT unnest([-1.7e308::DOUBLE, 1.7e308::DOUBLE])',
      { minimum: '-1.7e+308', histogram: null },
    ],
    [
      'NaN alone',
      "SELECT 'nan'::DOUBLE FROM range(3)",
      { minimum: 'nan', mean: null, quartiles: null, histogram: null },
    ],
    [
      'infinities alone',
      "SELECT unnest(['-inf'::FLOAT, 'inf'::FLOAT])",
      { minimum: '-inf', maximum: 'inf', mean: null, histogram: null },
    ],
    [
      'the largest whole numbers',
      'SELECT unnest([0::UHUGEINT, 340282366920938463463374607431768211455::UHUGEINT])',
      { maximum: '3.402823669209385e+38', mean: 1.7014118346046923e38 },
    ],
    [
      'texts with NUL and quotes',
      "SELECT unnest(['''a' || chr(0), '''a' || chr(0), '\\', '\\', chr(0)])",
      {
        distinct: 3,
        maximum: '\\',
        top: expect.arrayContaining([
          { value: "'a\0", count: 2 },
          { value: '\\', count: 2 },
        ]),
      },
    ],
    ['empty texts', "SELECT '' FROM range(3)", { minimum: '', maximum: '', top: [{ value: '', count: 3 }] }],
    [
      'texts of a million characters',
      "SELECT repeat('🙂', 1000000) FROM range(2)",
      { minimum: `${'🙂'.repeat(200)}…`, top: [{ value: `${'🙂'.repeat(100)}…`, count: 2 }] },
    ],
    [
      'days that no point in time reaches',
      "SELECT unnest(['5877642-06-25 (BC)'::DATE, '5881580-07-10'::DATE, 'infinity'::DATE])",
      {
        minimum: '5877642-06-25 (BC)',
        maximum: 'infinity',
        histogram: { edges: expect.arrayContaining(['year 5881580']), counts: [1, ...Array(18).fill(0), 1] },
      },
    ],
    ['times of day', "SELECT TIME '12:00:00' FROM range(2)", { minimum: '12:00:00', quartiles: null }],
    ['intervals', "SELECT INTERVAL '1 month' FROM range(2)", { type: 'INTERVAL', distinct: 1, minimum: null }],
    ['bytes', "SELECT '\\x00'::BLOB FROM range(2)", { type: 'BLOB', distinct: 1, minimum: null, top: [] }],
    ['JSON', `SELECT '{"a": [1]}'::JSON FROM range(2)`, { type: 'JSON', distinct: 1, minimum: null }],
    [
      'values within values',
      "SELECT {'a': [MAP {'k': 'nan'::DOUBLE}]} FROM range(2)",
      { type: 'STRUCT(a MAP(VARCHAR, DOUBLE)[])', distinct: 1, minimum: null, top: [] },
    ],
  ]

  test.each(odd)('of %s says what can be said', async (_, select, looks) => {
    const { columns } = await profileOf(`SELECT * FROM (${select}) t(x)`)
    expect(columns).toEqual([expect.objectContaining({ name: 'x', nulls: 0, ...looks })])
  })

  test('whose name is one of those that Keyward uses is told apart from them', async () => {
    const names = ['rows', 'file', 'count0', 'min1', 'top0', 'column_name', 'a"b', 'SELECT']
    const select = names.map((name, value) => `${value} AS "${name.replaceAll('"', '""')}"`).join(', ')
    const { rows, columns } = await profileOf(`SELECT ${select} FROM range(2)`)
    expect(rows).toBe(2)
    expect(columns.map(({ name, minimum, top }) => [name, minimum, top[0]?.count])).toEqual(
      names.map((name, value) => [name, String(value), 2]),
    )
  })
})

describe('The different values', () => {
  test('of a small file are counted, NULL aside', async () => {
    const { isCounted, columns } = await profileOf(
      "SELECT n AS id, n % 2000 AS customer, if(n % 9 = 0, 'note ' || n % 2, NULL) AS note FROM range(15000) t(n)",
    )
    expect(isCounted).toBe(true)
    expect(columns.map(({ distinct }) => distinct)).toEqual([15_000, 2_000, 2])
  })

  test('of a large one are an estimate', async () => {
    const { isCounted, columns } = await profileOf('SELECT n FROM range(1000001) t(n)')
    expect(isCounted).toBe(false)
    expect(columns[0]?.distinct).toBeGreaterThan(700_000)
  })
})

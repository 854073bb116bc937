import { describe, expect, it } from 'vitest'
import type { Sample, Source } from './driver.ts'
import { selectSql } from './drivers/snowflake-sql.ts'
import { describedText } from './drivers/sqlserver-sql.ts'
import { percentLiteral } from './sample.ts'

const source = (of: Sample['of'], amount: number): Source => ({
  ...{ kind: 'table', schema: 's', table: 't' },
  sample: { of, amount, seed: 9 },
})

describe('a sample', () => {
  it('of Snowflake is its own SAMPLE, of at most a million rows', () => {
    expect(selectSql(source('percent', 0.5), 10)).toBe('SELECT * FROM "s"."t" SAMPLE BERNOULLI (0.5) LIMIT 10')
    expect(selectSql(source('rows', 1_000_000), null)).toBe('SELECT * FROM "s"."t" SAMPLE (1000000 ROWS)')
    expect(() => selectSql(source('rows', 1_000_001), null)).toThrow('at most 1,000,000 rows')
  })

  it('of SQL Server is TABLESAMPLE, or so many rows in an order of chance', () => {
    expect(describedText(source('percent', 20))).toBe('SELECT * FROM [s].[t] TABLESAMPLE (20 PERCENT) REPEATABLE (9)')
    expect(describedText(source('rows', 20))).toBe('SELECT TOP (20) * FROM [s].[t] ORDER BY NEWID()')
  })
})

describe('percentLiteral', () => {
  it.each([
    [100, '100'],
    [10, '10'],
    [0.5, '0.5'],
    [0.000001, '0.000001'],
    [33.333333, '33.333333'],
  ])('of %d is digits', (percent, text) => {
    expect(percentLiteral(percent)).toBe(text)
  })
})

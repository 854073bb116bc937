import { describe, expect, test } from 'vitest'
import { askExpiry, askProduct, recognise } from './postgresql-family.ts'

describe('A server of the family, by what its version() says', () => {
  test.each([
    [
      'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.54899',
      'Amazon Redshift 1.0.54899',
    ],
    ['CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023/09/27 01:53:43, go1.19.10)', 'CockroachDB 23.1.11'],
    [
      'PostgreSQL 11.2-YB-2.18.0.1-b0 on x86_64-pc-linux-gnu, compiled by clang version 15.0.3, 64-bit',
      'YugabyteDB 2.18.0.1',
    ],
    [
      'PostgreSQL 9.4.26 (Greenplum Database 6.21.0 build commit:fff63ebcd3) on x86_64-unknown-linux-gnu, compiled by gcc',
      'Greenplum 6.21.0',
    ],
    ['PostgreSQL 9.5.0 on x86_64-unknown-linux-gnu (Materialize v0.26.0)', 'Materialize 0.26.0'],
    ['PostgreSQL 9.5 on x86_64-unknown-linux-gnu (materialized v0.68.1)', 'Materialize 0.68.1'],
    [
      'PostgreSQL 13.4 (EnterpriseDB Advanced Server 13.4.8) on x86_64-pc-linux-gnu, compiled by gcc',
      'EDB Postgres Advanced Server 13.4.8',
    ],
    [
      'PostgreSQL 15.8 (Debian 15.8-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) 12.2.0',
      undefined,
    ],
    ['', undefined],
  ])('%j', (version, product) => {
    expect(recognise({ version })).toBe(product)
  })

  test('that is PostgreSQL with TimescaleDB or at Aurora, by what else it has', () => {
    const version = 'PostgreSQL 16.2 on x86_64-pc-linux-gnu'
    expect(recognise({ version, timescale: '2.14.2' })).toBe('TimescaleDB 2.14.2')
    expect(recognise({ version, isAurora: true })).toBe('Amazon Aurora')
    expect(recognise({ version, timescale: null, isAurora: false })).toBeUndefined()
  })

  test('that is hostile, gets no more than a few plain characters into the answer', () => {
    expect(recognise({ version: '', timescale: `<b>\u0007${'9'.repeat(500)}` })).toBe(`TimescaleDB b${'9'.repeat(19)}`)
    expect(recognise({ version: `Redshift ${'1'.repeat(5_000)}` })).toHaveLength('Amazon Redshift '.length + 20)
  })
})

describe('A look that a server has no words for', () => {
  const lacking = (code: string, answer: readonly (string | null)[]) => ({
    query: async (text: string) => {
      if (text.includes('pg_catalog')) throw Object.assign(new Error('no'), { code, severity: 'ERROR' })
      return { fields: [], rows: [answer] }
    },
  })

  test('is made in plainer words, or left', async () => {
    const redshift = lacking('42P01', ['PostgreSQL 8.0.2 on i686-pc-linux-gnu, Redshift 1.0.54899'])
    expect(await askProduct(redshift)).toBe('Amazon Redshift 1.0.54899')
    expect(await askExpiry(redshift)).toBeNull()
  })

  test('but fails for another reason, fails', async () => {
    await expect(askProduct(lacking('57P01', []))).rejects.toThrow('no')
    await expect(askExpiry(lacking('57P01', []))).rejects.toThrow('no')
  })
})

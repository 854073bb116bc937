import { describe, expect, test } from 'vitest'
import { Refusal } from '../diagnosis.ts'
import { parseQuery } from './sqlserver-query.ts'

describe('a query', () => {
  test.each([
    ['SELECT 1', '', 'SELECT 1'],
    ["select a from [b]]';(] where \"c;\"\"\" = 'it''s;(' -- ; )\n;;", '', null],
    ['SELECT 1 /* a /* b; */ ) */ AS c', '', null],
    [
      'WITH a AS (SELECT 1 AS x), b (y) AS (SELECT x FROM a)\nSELECT y FROM b',
      ' a AS (SELECT 1 AS x), b (y) AS (SELECT x FROM a)\n',
      'SELECT y FROM b',
    ],
    ["WITH XMLNAMESPACES ('u' AS n) SELECT 1", " XMLNAMESPACES ('u' AS n) ", 'SELECT 1'],
    ['SELECT a FROM t ORDER BY a', '', 'SELECT a FROM t ORDER BY a\nOFFSET 0 ROWS'],
    ['SELECT TOP 3 a FROM t ORDER BY a', '', 'SELECT TOP 3 a FROM t ORDER BY a'],
    ['SELECT ROW_NUMBER() OVER (ORDER BY a) FROM t', '', 'SELECT ROW_NUMBER() OVER (ORDER BY a) FROM t'],
  ])('such as %j is taken apart', (text, expressions, body) => {
    const parsed = parseQuery(text)
    expect(parsed.expressions).toBe(expressions)
    expect(parsed.body).toBe(body ?? text.replace(/[\s;]+$/, ''))
  })

  test.each([
    '',
    ' ; ',
    'DROP TABLE t',
    'SELECT 1; DROP TABLE t',
    'SELECT 1) AS a DROP TABLE t --',
    'SELECT 1 FROM (SELECT 2',
    "SELECT 'a",
    'SELECT [a',
    'SELECT 1 /* a /* b */',
    'SELECT 1 --\r) DROP TABLE t --\n',
    'SELECT 1 --\u2028) DROP TABLE t',
    "SELECT 1 AS [x]]'] ) DROP TABLE t --'",
    'WITH a AS (SELECT 1 AS x) DELETE FROM a SELECT 1',
    'WITH a AS (SELECT 1 AS x) INSERT INTO t SELECT x FROM a',
    'WITH a AS (SELECT 1 AS x)',
    "SELECT * FROM OPENQUERY(other, 'DROP TABLE t')",
    "SELECT * FROM openrowset(BULK '/etc/passwd', SINGLE_CLOB) AS a",
    'EXEC xp_cmdshell',
  ])('such as %j is refused', (text) => {
    expect(() => parseQuery(text)).toThrow(Refusal)
  })
})

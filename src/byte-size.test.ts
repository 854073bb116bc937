import { expect, test } from 'vitest'
import { parseSize, sizeText } from './byte-size.ts'

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [1000, '1 KB'],
  [1_540_000, '1.5 MB'],
  [123_456_789, '123 MB'],
  [10 ** 10, '10 GB'],
  [2.5 * 10 ** 15, '2.5 PB'],
])('%i bytes reads %s', (bytes, text) => expect(sizeText(bytes)).toBe(text))

test.each([
  ['500 MB', 500_000_000],
  ['1.5GB', 1_500_000_000],
  ['10 GiB', 10 * 2 ** 30],
  ['2kb', 2000],
  ['1024', 1024],
  [' 7 B ', 7],
  ['0', 0],
])('%s is read as %i', (text, bytes) => expect(parseSize(text)).toBe(bytes))

test.each(['', 'MB', '-1 GB', '1,5 GB', '1e9', '10 iB', '10 GBB', '99999999 PB', 'NaN', '1 2 MB'])(
  '"%s" is no size',
  (text) => expect(parseSize(text)).toBeUndefined(),
)

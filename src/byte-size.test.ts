import { expect, test } from 'vitest'
import { bytesInWords } from '../views/catalog/words.ts'
import { exactSize, parseSize, sizeText } from './byte-size.ts'

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [1_540_000, '1.5 MB'],
  [123_456_789, '123 MB'],
  [10 ** 10, '10 GB'],
  [2.5 * 10 ** 15, '2500 TB'],
])('%i bytes reads %s, as on pages', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text)
  expect(bytesInWords(bytes)).toBe(text)
})

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

test.each([
  [1_250_000_000, '1.25 GB'],
  [1_234_567, '1234567 B'],
  [0, '0 B'],
])('%i bytes are written for a form as %s, which means the same', (bytes, text) => {
  expect([exactSize(bytes), parseSize(text)]).toEqual([text, bytes])
})

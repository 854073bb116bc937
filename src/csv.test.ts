import { describe, expect, it } from 'vitest'
import { csvField, csvLine, spreadsheetText } from './csv.ts'

describe('csvLine', () => {
  it('ends in CRLF, keeps null and the empty text apart and quotes what would end a field', () => {
    expect(csvLine(['a', null, '', 7, 'x,y', 'say "hi"', 'two\nlines'])).toBe(
      'a,,"",7,"x,y","say ""hi""","two\nlines"\r\n',
    )
    expect(csvField("O'Neill")).toBe("O'Neill")
  })
})

describe('spreadsheetText', () => {
  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '＝1'])('keeps %j from being a formula', (text) => {
    expect(spreadsheetText(text)).toBe(`'${text}`)
  })

  it('leaves other texts as they are', () => {
    for (const text of ['', 'Ada Lovelace', 'a=b', '2026-11-24', "'quoted", 'ü@x'])
      expect(spreadsheetText(text)).toBe(text)
  })
})

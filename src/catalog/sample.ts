import { randomInt } from 'node:crypto'
import type { Sample } from '../connector/driver.ts'

export type ParsedSample =
  | { readonly ok: true; readonly sample: Sample | null }
  | { readonly ok: false; readonly error: string }

/** Returns what was typed as a sample, null for nothing: "5 %" or "10,000". Its seed is drawn here and then stays. */
export function parseSample(text: string): ParsedSample {
  const typed = text.replace(/[\s_']/g, '')
  if (typed === '') return { ok: true, sample: null }
  const seed = randomInt(1, 2_147_483_647)
  const percent = /^(\d{1,3}(?:[.,]\d{1,6})?)%$/.exec(typed)?.[1]
  if (percent !== undefined) {
    const amount = Number(percent.replace(',', '.'))
    if (amount > 0 && amount <= 100) return { ok: true, sample: { of: 'percent', amount, seed } }
  }
  const rows = /^\d{1,10}$/.test(typed.replaceAll(',', '')) ? Number(typed.replaceAll(',', '')) : 0
  if (rows >= 1 && rows <= 2_147_483_647) return { ok: true, sample: { of: 'rows', amount: rows, seed } }
  const error =
    'The sample is neither a percentage such as 5 % nor a whole number of rows such as 10,000. Correct it, or leave it blank.'
  return { ok: false, error }
}

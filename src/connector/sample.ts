import { Refusal } from './diagnosis.ts'

/** Returns the refusal of a sample that a data store cannot take of what was chosen. */
export function noSample(): Refusal {
  return new Refusal('read', 'read.denied', {
    sentence: 'The server takes a percentage at random of tables alone, and this is a view or something else.',
    nextStep: 'Take a number of rows instead, or write a query that chooses rows by itself.',
  })
}

/** Returns a percentage as a literal of SQL: digits, never an exponent. */
export function percentLiteral(percent: number): string {
  return percent.toFixed(6).replace(/\.?0+$/, '')
}

import type { ChosenTable } from '../../src/catalog/basket.ts'

/** Returns what the checkbox of a table posts; `decodeTables` reads it. */
export function encodeTable({ schema, table }: ChosenTable): string {
  return JSON.stringify([schema, table])
}

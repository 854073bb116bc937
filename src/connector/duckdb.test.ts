import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openDuckDB } from './duckdb.ts'

test('What does not fit into memory is refused, and no row of it is put on the disk', async () => {
  const connection = await openDuckDB([])
  const wide = "SELECT count(DISTINCT i || repeat('x', 60) || hash(i)) FROM range(4000000) t(i)"
  await expect(connection.run(wide)).rejects.toThrow(/Out of Memory/i)
  connection.closeSync()
  expect(existsSync('.tmp')).toBe(false)
})

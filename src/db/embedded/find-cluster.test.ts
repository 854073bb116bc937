import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { findCluster } from './cluster.ts'
import { holdDirectory } from './data-lock.ts'
import { processBirth } from './processes.ts'

const directory = mkdtempSync(join(tmpdir(), 'keyward-find-'))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

it('a command does not take the address that another process, born in the same moment, left for the server that starts now', async () => {
  const release = await holdDirectory(directory, 'server')
  const note = { holder: `${process.pid + 1}, ${processBirth(process.pid)}`, port: 1, home: directory }
  writeFileSync(join(directory, 'server.json'), JSON.stringify(note))
  const found = findCluster(directory)
  expect(await Promise.race([found, new Promise((resolve) => setTimeout(resolve, 200, 'waits'))])).toBe('waits')
  release()
  expect(await found).toBeUndefined()
})

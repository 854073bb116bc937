import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NotFound } from '../access/refusals.ts'
import { newId } from '../db/new-id.ts'
import { createSnapshotStore, snapshotFile } from './snapshot-store.ts'

let folder: string
let directory: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-store-'))
  directory = join(folder, 'snapshots')
  mkdirSync(directory)
  writeFileSync(join(folder, 'kek'), 'the key')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('A snapshot store', () => {
  it('of what a version is named, gives the place and removes all of it and nothing else', async () => {
    const store = createSnapshotStore(directory)
    const [organization, version] = [newId(), newId()]
    const file = snapshotFile(organization, version)
    await store.prepare(file)
    for (const name of [`${version}.parquet`, `${version}.parquet.partial`, `${newId()}.parquet`]) {
      writeFileSync(join(directory, organization, name), 'rows')
    }
    expect(existsSync(store.pathOf(file))).toBe(true)
    await store.remove(file)
    expect(readdirSync(join(directory, organization))).toHaveLength(1)
  })

  it.each(['../kek', '../kek.parquet', '.parquet', '', '/etc/passwd', `${newId()}/../../kek`, `../${newId()}.parquet`])(
    'of the name %s, which somebody wrote into the table, neither reads nor removes anything',
    async (file) => {
      const store = createSnapshotStore(directory)
      writeFileSync(join(directory, 'other.parquet'), 'rows')
      expect(() => store.pathOf(file)).toThrow(NotFound)
      await store.remove(file)
      expect([readdirSync(folder), readdirSync(directory)]).toEqual([['kek', 'snapshots'], ['other.parquet']])
    },
  )
})

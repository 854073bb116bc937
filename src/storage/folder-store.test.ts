import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../db/new-id.ts'
import { FileGone, StoreUnreachable } from './file-store.ts'
import { createFolderStore } from './folder-store.ts'
import { plainSnapshotFile, snapshotFile } from './snapshot-file.ts'

let folder: string
let directory: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-store-'))
  directory = join(folder, 'snapshots')
  mkdirSync(directory)
  writeFileSync(join(folder, 'kek'), 'the key')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('A folder of snapshots', () => {
  it('of what a version is named, gives the place and removes all of it and nothing else', async () => {
    const store = createFolderStore(directory)
    const [organization, version] = [newId(), newId()]
    const file = snapshotFile(organization, version)
    await store.prepare(file)
    expect(statSync(join(directory, organization)).mode & 0o777).toBe(0o700)
    for (const name of [
      `${version}.sealed`,
      `${version}.sealed.partial`,
      `${version}.sealed.pipe`,
      `${newId()}.sealed`,
    ]) {
      writeFileSync(join(directory, organization, name), 'rows')
    }
    expect(existsSync(store.workPath(file))).toBe(true)
    expect(await store.keep(file)).toBe(4)
    await store.remove(file)
    expect(readdirSync(join(directory, organization))).toHaveLength(1)
    await expect(store.open(file)).rejects.toThrow(FileGone)
    await store.remove(file)
  })

  it('opens and removes what earlier releases have written', async () => {
    const store = createFolderStore(directory)
    const file = plainSnapshotFile(newId(), newId())
    await store.prepare(file)
    writeFileSync(store.workPath(file), 'PAR1')
    const handle = await store.open(file)
    expect((await handle.readFile()).toString()).toBe('PAR1')
    await handle.close()
    await store.remove(file)
    await expect(store.open(file)).rejects.toThrow(FileGone)
  })

  it.each(['../kek', '../kek.sealed', '.sealed', '', '/etc/passwd', `${newId()}/../../kek`, `../${newId()}.sealed`])(
    'of the name %s, which somebody wrote into the table, neither reads nor removes anything',
    async (file) => {
      const store = createFolderStore(directory)
      writeFileSync(join(directory, 'other.sealed'), 'rows')
      expect(() => store.workPath(file)).toThrow(FileGone)
      await expect(store.open(file)).rejects.toThrow(FileGone)
      await store.remove(file)
      expect([readdirSync(folder), readdirSync(directory)]).toEqual([['kek', 'snapshots'], ['other.sealed']])
    },
  )

  it('that cannot be written to, says so when it is checked', async () => {
    await expect(createFolderStore(join(folder, 'kek')).check()).rejects.toThrow(StoreUnreachable)
    await createFolderStore(join(directory, 'new')).check()
    expect(readdirSync(join(directory, 'new'))).toEqual([])
  })
})

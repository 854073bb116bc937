import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { UserActor } from '../access/actor.ts'
import { organizationStorage } from '../db/schema/storage.ts'
import { canary, deleteForGood, type ImportScene, importScene } from '../testing/import-scene.ts'
import type { Catalog } from './catalog.ts'
import { readPage } from './rows.ts'
import { streamCsv } from './streams.ts'

let scene: ImportScene
let actor: UserActor
let catalog: Catalog

beforeAll(async () => {
  scene = await importScene()
  ;({ actor, catalog } = scene)
})
afterAll(() => scene.close())

describe('a snapshot of PostgreSQL', () => {
  it('of every type, keeps values, NULL and the empty string', async () => {
    const path = await snapshotOf('types')
    const { columns, rows } = await readPage(path, 1)
    expect(Object.fromEntries(columns.map(({ name, type }) => [name, type]))).toMatchObject({
      small: 'SMALLINT',
      big: 'BIGINT',
      money: 'DECIMAL(12,2)',
      yes: 'BOOLEAN',
      at: 'TIMESTAMP WITH TIME ZONE',
      day: 'DATE',
      id: 'UUID',
      bytes: 'BLOB',
    })
    const [first, second] = rows.map((row) => Object.fromEntries(columns.map(({ name }, n) => [name, row[n]])))
    expect(first).toMatchObject({
      small: '-32768',
      big: '9223372036854775807',
      money: '1234567890.12',
      yes: 'true',
      at: '2024-01-01 06:00:00+00',
      day: '2024-02-29',
      id: '5b9c1f4e-0000-4000-8000-000000000000',
      bytes: '\\x00deadbeef',
      words: 'a "quoted", line\nand é 🙂',
      empty: '',
      missing: null,
    })
    expect(JSON.parse(first?.doc ?? '')).toEqual({ a: [1, null] })
    expect(JSON.parse(first?.list ?? '')).toEqual([1, 2, null])
    expect(Object.values(second ?? {}).every((cell) => cell === null)).toBe(true)
    const csv = await new Response(await streamCsv(path)).text()
    expect(csv).toContain(',"a ""quoted"", line\nand é 🙂","",')
  })

  it('with a row limit, takes no more rows than that', async () => {
    const id = await scene.create('numbers', 7)
    await catalog.snapshots.idle()
    expect((await catalog.datasetQueries.show(actor, id)).versions[0]).toMatchObject({ status: 'completed', rows: 7 })
  })

  it('of a table that may not be read, fails with the ladder', async () => {
    const id = await scene.create('forbidden')
    await catalog.snapshots.idle()
    const [version] = (await catalog.datasetQueries.show(actor, id)).versions
    expect(version).toMatchObject({ status: 'failed', code: 'read.denied' })
    expect(version?.message).toMatch(/\.$/)
  })

  it('that passes the limit of the organization while it is made, ends there, says so and leaves no file', async () => {
    const before = scene.filesLeft()
    const { organizationId } = actor
    const limit = { organizationId, limitBytes: 1_000_000 }
    await scene.db
      .insert(organizationStorage)
      .values(limit)
      .onConflictDoUpdate({
        ...{ target: organizationStorage.organizationId, set: limit },
      })
    const id = await scene.create('numbers')
    await catalog.snapshots.idle()
    const [version] = (await catalog.datasetQueries.show(actor, id)).versions
    expect(version).toMatchObject({ status: 'failed', code: 'limit.exceeded' })
    expect(version?.message).toMatch(/more space than the organization has left.*raise the limit under Storage/)
    expect(scene.filesLeft()).toEqual(before)
    await scene.db.update(organizationStorage).set({ limitBytes: null })
  })

  it('that is cancelled while rows arrive, ends and leaves no file', async () => {
    const before = scene.filesLeft()
    const id = await scene.create('numbers')
    await vi.waitFor(
      async () => {
        const [version] = (await catalog.datasetQueries.show(actor, id)).versions
        expect([version?.status, (version?.bytes ?? 0) > 0]).toEqual(['running', true])
      },
      { timeout: 20_000, interval: 20 },
    )
    await catalog.datasets.cancel(actor, id, 1)
    await catalog.snapshots.idle()
    expect((await catalog.datasetQueries.show(actor, id)).versions[0]?.status).toBe('cancelled')
    expect(scene.filesLeft()).toEqual(before)
  })
})

describe('the text of a table', () => {
  it('is in no file of the store, neither while it is imported nor afterwards, and in what is opened', async () => {
    const id = await scene.create('numbers')
    const seen: boolean[] = []
    const look = () => void seen.push(...regularFiles().map((file) => file.includes(canary)))
    const looking = setInterval(look, 20)
    await catalog.snapshots.idle()
    clearInterval(looking)
    look()
    expect(seen.length).toBeGreaterThan(1)
    expect(seen).not.toContain(true)
    const opened = await catalog.store.open(await catalog.datasetQueries.stored(actor, id, 1))
    expect(readFileSync(opened.path).includes(canary)).toBe(true)
    opened.close()
    await deleteForGood(scene, id)
  })
})

async function snapshotOf(table: string): Promise<string> {
  const id = await scene.create(table)
  await catalog.snapshots.idle()
  const [version] = (await catalog.datasetQueries.show(actor, id)).versions
  expect(version).toMatchObject({ status: 'completed', message: null })
  return (await catalog.store.open(await catalog.datasetQueries.stored(actor, id, 1))).path
}

/** What lies on the disk; of a pipe nothing does. */
function regularFiles(): Buffer[] {
  return readdirSync(scene.directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => {
      try {
        return [readFileSync(join(entry.parentPath, entry.name))]
      } catch {
        // Renamed meanwhile.
        return []
      }
    })
}

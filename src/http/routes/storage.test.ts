import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Job } from '../../connector/driver.ts'
import { auditEntries } from '../../db/schema/audit.ts'
import { paths } from '../../paths.ts'
import { Secret } from '../../secrets/secret.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { addConnection, signedIn } from '../../testing/domain.ts'
import { formValues, textOf, textsOf } from '../../testing/html.ts'
import { writeSealed } from '../../testing/sealed.ts'

let app: TestApp
let admin: Client
let ada: Client
let connection: string
let credential: string
/** Bytes of the files that imports make. */
let size = 1000

beforeAll(async () => {
  app = await testApp()
  ;[admin, ada] = [await app.signInAs(app.root), await app.signInAs(app.ada)]
  connection = await addConnection(app, app.ada)
  const fields = { username: new Secret('reader'), password: new Secret('stored secret') }
  const its = { type: 'basic', name: 'Reporting', description: '', fields, connectionIds: [connection] }
  const stored = await app.vault.create(app.ada, its)
  if (!stored.ok) throw new Error(stored.error)
  credential = stored.id
  app.connector.run = async (job) => {
    const { file, key } = (job as Job).input as { file: string; key: Secret }
    writeSealed(file, key, Buffer.alloc(size - sealing))
    return { ...signedIn, value: { rows: 1, bytes: size, columns: [{ name: 'n', type: 'BIGINT' }] } } as never
  }
})
afterAll(() => app.close())
afterEach(() => app.storage.setLimit(app.root, app.root.organizationId, null))

describe('Storage', () => {
  test('is in the menu of administrators alone, and others get nothing of it', async () => {
    const menu = async (client: Client) => textsOf((await client.get('/connections')).html, '#user-menu a')
    expect(await menu(admin)).toContain('Storage')
    expect(await menu(ada)).not.toContain('Storage')
    for (const answer of [await ada.get(paths.storage()), await ada.post(paths.storage(), { limit: '1 GB' })]) {
      expect(answer.status).toBe(403)
      expect(answer.text).not.toContain('Largest')
    }
    await expect(app.storage.show(app.eve, app.ada.organizationId)).rejects.toThrow()
    await expect(app.storage.setLimit(app.eve, app.ada.organizationId, 1)).rejects.toThrow()
    expect((await app.client().get(paths.storage())).location).toMatch(/^\/login/)
  })

  test('says what the organization’s snapshots take, which take the most, and nothing of others', async () => {
    size = 3000
    const large = await created('Large')
    size = 1000
    const small = await created('Small')
    await refresh(small)
    const { html } = await admin.get(paths.storage())
    expect(textsOf(html, '.facts dd')).toEqual(['5.0 kB', '3', 'None'])
    expect(textsOf(html, 'tbody tr > *')).toEqual(['Large', 'Ada', '1', '3.0 kB', 'Small', 'Ada', '2', '2.0 kB'])
    await deleteForGood(large)
    await deleteForGood(small)
    await app.catalog.sweep.once()
    expect(textOf((await admin.get(paths.storage())).html, 'main')).toContain('There are no snapshots yet.')
    expect(await used()).toEqual([0, 0])
  })

  test('as a fragment, is the document’s main', async () => {
    const [document, part] = [await admin.get(paths.storage()), await admin.fragment(paths.storage())]
    const parts = 'h1, h2, p, label, dt, dd'
    const inMain = parts.split(', ').map((one) => `#main ${one}`)
    expect(textsOf(part.html, parts)).toEqual(textsOf(document.html, inMain.join(', ')))
  })

  test('keeps the limit that was set, exactly, records it, and forgets it where the field is empty', async () => {
    const { location } = await admin.post(paths.storage(), { limit: '1.25 GB' })
    expect(location).toBe(paths.storage())
    const { html } = await admin.get(paths.storage())
    expect([textOf(html, '#flash'), formValues(html).limit]).toEqual(['Limit saved.', '1.25 GB'])
    const entries = await app.db.select().from(auditEntries)
    expect(entries.at(-1)).toMatchObject({ action: 'storage.set-limit', details: { limitBytes: 1_250_000_000 } })
    await admin.post(paths.storage(), { limit: '' })
    expect(textsOf((await admin.get(paths.storage())).html, '.facts dd')).toEqual(['0 B', '0', 'None'])
  })

  test('of a limit that is no size, says so and keeps what was typed', async () => {
    const { html, status } = await admin.post(paths.storage(), { limit: '<b>much' })
    expect([status, formValues(html).limit]).toEqual([422, '<b>much'])
    expect(textOf(html, '.error-summary a')).toContain('That is no size.')
  })
})

describe('An organization whose snapshots take what they may', () => {
  test('begins no new one and says what to do, until there is room again', async () => {
    const id = await created('First')
    await app.storage.setLimit(app.root, app.root.organizationId, 1000)
    const answer = await ada.post(paths.newDatasetVersion(id), { account: credential })
    expect([answer.status, textOf(answer.html, 'h1')]).toEqual([409, 'There is no room for it'])
    expect(textOf(answer.html, 'main')).toMatch(
      /take 1.0 kB of the 1.0 kB.*Delete datasets.*raise the limit under Storage/,
    )
    await expect(created('Second')).rejects.toThrow(/no new one was begun/)
    expect((await app.catalog.datasetQueries.show(app.ada, id)).versions).toHaveLength(1)
    expect(textOf((await admin.get(paths.storage())).html, '.notice')).toContain('There is no room for new snapshots')
    await app.storage.setLimit(app.root, app.root.organizationId, 10_000)
    await refresh(id)
    expect((await app.catalog.datasetQueries.show(app.ada, id)).versions[0]).toMatchObject({ status: 'completed' })
    await deleteForGood(id)
    await app.catalog.sweep.once()
  })

  test('keeps no snapshot that turned out larger than what was left', async () => {
    await app.storage.setLimit(app.root, app.root.organizationId, 5_000)
    size = 5_001
    const id = await created('Too large')
    const [version] = (await app.catalog.datasetQueries.show(app.ada, id)).versions
    expect(version).toMatchObject({ status: 'failed', message: expect.stringMatching(/raise the limit under Storage/) })
    expect(await used()).toEqual([0, 0])
    size = 5_000
    await refresh(id)
    expect((await app.catalog.datasetQueries.show(app.ada, id)).versions[0]?.status).toBe('completed')
    expect(await used()).toEqual([5_000, 1])
  })
})

/** What a file of one piece has beside its rows. */
const sealing = 90

async function created(name: string): Promise<string> {
  const source = { kind: 'table', schema: 'public', table: 'orders' } as const
  const account = { kind: 'stored', credentialId: credential } as const
  const order = { connectionId: connection, account, items: [{ name, source }], rowLimit: null }
  const [id = ''] = await app.catalog.datasets.create(app.ada, order)
  await app.catalog.snapshots.idle()
  return id
}

async function deleteForGood(id: string): Promise<void> {
  await app.catalog.datasetDeletion.delete(app.ada, id)
  await app.catalog.datasetDeletion.erase(app.ada, id)
}

async function refresh(id: string): Promise<void> {
  expect((await ada.post(paths.newDatasetVersion(id), { account: credential })).status).toBe(303)
  await app.catalog.snapshots.idle()
}

async function used(): Promise<number[]> {
  const { bytes, versions } = await app.storage.show(app.root, app.root.organizationId)
  return [bytes, versions]
}

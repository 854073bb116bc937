import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLog } from '../log.ts'
import { Secret } from '../secrets/secret.ts'
import { createBucketStore } from '../storage/bucket-store.ts'
import { childrenOf, isRunning } from '../testing/child-processes.ts'
import { deleteForGood, type ImportScene, importScene, latestOf } from '../testing/import-scene.ts'
import { type Swift, startSwift, swiftSecrets } from '../testing/swift.ts'
import { removeOrphans } from './orphans.ts'
import { readPage } from './rows.ts'
import { SnapshotUnreadable } from './stored-version.ts'

let swift: Swift | undefined
let scene: ImportScene
const log = createLog({ level: 'silent' })

/** What brings it was said when it was looked for. */
const missing = 'There is no Swift here.'

beforeAll(async () => {
  swift = await startSwift()
  if (swift === undefined) return
  await swift.fill('snapshots', {})
  scene = await importScene((directory) => createBucketStore({ ...place(), secretAccessKey }, directory))
}, 120_000)
afterAll(async () => {
  await scene?.close()
  await swift?.close()
})

describe('a snapshot in a bucket', () => {
  it('is there under its name, read from there, and gone with its dataset', async ({ skip }) => {
    if (swift === undefined) return skip(missing)
    const id = await scene.create('types')
    await scene.catalog.snapshots.idle()
    const stored = await scene.catalog.datasetQueries.stored(scene.actor, id, 1)
    expect(await swift.listAll('snapshots')).toEqual([stored.file])
    const opened = await scene.catalog.store.open(stored)
    expect((await readPage(opened.path, 1)).rows).toHaveLength(2)
    opened.close()
    await deleteForGood(scene, id)
    expect([await swift.listAll('snapshots'), scene.filesLeft()]).toEqual([[], []])
    await expect(scene.catalog.store.open(stored)).rejects.toThrow(SnapshotUnreadable)
  })

  it('S2 that somebody changed there, is refused on a machine that fetches it', async ({ skip }) => {
    if (swift === undefined) return skip(missing)
    const id = await scene.create('types')
    await scene.catalog.snapshots.idle()
    const stored = await scene.catalog.datasetQueries.stored(scene.actor, id, 1)
    const files = createBucketStore({ ...place(), secretAccessKey }, scene.directory)
    await files.forgetCopy(stored.file)
    await swift.put('snapshots', stored.file, Buffer.alloc(5_000, 7))
    await expect(scene.catalog.store.open(stored)).rejects.toMatchObject({ reason: 'changed' })
    files.close()
    await deleteForGood(scene, id)
    await scene.catalog.sweep.once()
  })

  it('whose fetched copy was damaged on this machine, is fetched anew and opens', async ({ skip }) => {
    if (swift === undefined) return skip(missing)
    const id = await scene.create('types')
    await scene.catalog.snapshots.idle()
    const stored = await scene.catalog.datasetQueries.stored(scene.actor, id, 1)
    const copy = join(scene.directory, 'fetched', stored.file.replace('/', '-'))
    const sound = readFileSync(copy)
    writeFileSync(copy, sound.subarray(0, sound.length - 1))
    const opened = await scene.catalog.store.open(stored)
    expect((await readPage(opened.path, 1)).rows).toHaveLength(2)
    opened.close()
    expect(readFileSync(copy).equals(sound)).toBe(true)
    await deleteForGood(scene, id)
    await scene.catalog.sweep.once()
  })

  it('is collected there a day after no row names it any more, also an upload that never ended', async ({ skip }) => {
    if (swift === undefined) return skip(missing)
    const { organizationId } = scene.actor
    const lost = `${organizationId}/019a0000-0000-7000-8000-000000000001.sealed`
    const begun = `${organizationId}/019a0000-0000-7000-8000-000000000002.sealed`
    const foreign = `${organizationId}/notes.txt`
    await swift.put('snapshots', lost, Buffer.from('rows'))
    await swift.put('snapshots', foreign, Buffer.from('notes'))
    await swift.beginUpload('snapshots', begun)
    const files = createBucketStore({ ...place(), secretAccessKey }, scene.directory)
    const { db } = scene
    expect(await removeOrphans({ db, files, log })).toBe(0)
    expect(await removeOrphans({ db, files, log, now: new Date(Date.now() + 25 * 3_600_000) })).toBe(2)
    expect(await swift.listAll('snapshots')).toEqual([foreign])
    await swift.remove('snapshots', foreign)
    files.close()
  })
})

describe('a process that is killed while its snapshot goes to a bucket', () => {
  let child: ChildProcess
  let slow: Server

  beforeEach(async ({ skip }) => {
    if (swift === undefined) return skip(missing)
    slow = await slowStore()
    child = spawn(process.execPath, [scene.processFile], { stdio: ['pipe', 'pipe', 'inherit'] })
  })
  afterEach(() => {
    child?.kill('SIGKILL')
    slow?.closeAllConnections()
    slow?.close()
  })

  it.each(['before anything was sent', 'in the middle of an upload', 'when all but the end was sent'])(
    '%s, leaves no process, no half version, and nothing in the bucket or on the disk after the sweep',
    async (when) => {
      const endpoint = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`
      const order = { ...scene.order(), bucket: { ...place(), endpoint, secret } }
      child.stdin?.end(`${JSON.stringify(order)}\n`)
      if (child.stdout) await once(child.stdout, 'data')
      await reached(when)
      const workers = childrenOf(child.pid ?? 0)
      child.kill('SIGKILL')
      await once(child, 'exit')
      await vi.waitFor(() => expect(workers.filter(isRunning)).toEqual([]), { timeout: 5_000, interval: 50 })
      await scene.db.execute(
        sql`update dataset_versions set heartbeat_at = heartbeat_at - interval '31 seconds' where status in ('queued', 'running')`,
      )
      await vi.waitFor(
        async () => {
          await scene.catalog.sweep.once()
          expect([await swift?.listAll('snapshots'), scene.filesLeft()]).toEqual([[], []])
        },
        { timeout: 10_000, interval: 200 },
      )
      const { id, status } = await latestOf(scene)
      expect(status).toBe('failed')
      await deleteForGood(scene, id)
    },
    120_000,
  )

  /** Requests of the process that were held, by what they were. */
  const held: string[] = []

  /** A way to the store on which every step waits until the process has been killed. */
  async function slowStore(): Promise<Server> {
    held.length = 0
    const server = createServer(async (asked, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of asked) chunks.push(chunk as Buffer)
      const kind = `${asked.method} ${stepOf(asked.url ?? '')}`
      held.push(kind)
      if (kind === stopAt) return
      const { host: _, connection: __, ...headers } = asked.headers
      // The signature is over the host that was asked, so the store is told that one.
      const target = `http://127.0.0.1:${swift?.port}${asked.url}`
      const sent = await forward(target, asked.method ?? 'GET', { ...headers, host: asked.headers.host }, chunks)
      response.writeHead(sent.status, sent.headers)
      response.end(sent.body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return server
  }

  let stopAt = ''

  async function reached(when: string): Promise<void> {
    stopAt = steps[when] ?? ''
    await vi.waitFor(() => expect(held).toContain(stopAt), { timeout: 90_000, interval: 20 })
  }

  const steps: Readonly<Record<string, string>> = {
    'before anything was sent': 'POST begin',
    'in the middle of an upload': 'PUT upload',
    'when all but the end was sent': 'POST upload',
  }
})

const secret = swiftSecrets['acme:reader']
const secretAccessKey = new Secret(secret)

function place() {
  return {
    ...{ bucket: 'snapshots', prefix: '', region: 'us-east-1', endpoint: `http://127.0.0.1:${swift?.port}` },
    ...{ accessKeyId: 'acme:reader', cacheBytes: 10 ** 9 },
  }
}

async function forward(target: string, method: string, headers: IncomingHttpHeaders, body: readonly Buffer[]) {
  return new Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }>((resolve, reject) => {
    const asked = request(target, { method, headers }, async (answer) => {
      const chunks: Buffer[] = []
      for await (const chunk of answer) chunks.push(chunk as Buffer)
      resolve({ status: answer.statusCode ?? 500, headers: answer.headers, body: Buffer.concat(chunks) })
    })
    asked.once('error', reject)
    asked.end(Buffer.concat(body))
  })
}

function stepOf(url: string): string {
  if (url.includes('uploadId=')) return 'upload'
  return /[?&]uploads/.test(url) ? 'begin' : 'object'
}

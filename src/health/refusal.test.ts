import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createCatalog } from '../catalog/catalog.ts'
import type { Connector } from '../connector/driver.ts'
import { parseNewFields } from '../credentials/credential-type.ts'
import { basic } from '../credentials/types/basic.ts'
import { datasetVersions } from '../db/schema/catalog.ts'
import { createLog } from '../log.ts'
import { type TestDomain, testDomain, tryEdit } from '../testing/domain.ts'
import { testConnector } from '../testing/jobs.ts'
import { startTarget, type Target, targetPassword } from '../testing/target.ts'
import { createLooks } from './looks.ts'
import { createHealthSchedule } from './schedule.ts'

let domain: TestDomain
let target: Target
let connector: Connector
let directory: string
const log = createLog({ level: 'silent' })

beforeAll(async () => {
  target = await startTarget()
  domain = await testDomain()
  connector = testConnector({ warm: 0 })
  domain.connector.run = connector.run
  directory = mkdtempSync(join(tmpdir(), 'keyward-refusal-'))
})
afterAll(async () => {
  await connector.close()
  await domain.close()
  await target.close()
  rmSync(directory, { recursive: true })
})

const attempts = () => target.log().match(/password authentication failed for user "reader"/g)?.length ?? 0
const typed = (password: string) => ({
  text: (id: string) => (id === 'username' ? 'reader' : password),
  cleared: () => false,
})

async function connectionTo(name: string): Promise<string> {
  const parameters = { host: target.host, port: String(target.port), database: 'shop', tls: 'disable' }
  const made = await domain.connections.create(domain.ada, { name, driver: 'postgresql', parameters })
  if (!made.ok) throw new Error(made.error)
  return made.id
}

async function storeWrong(name: string, connectionIds: readonly string[]): Promise<string> {
  const parsed = parseNewFields(basic, typed('not the password'))
  if (!parsed.ok) throw new Error('The fields are wrong.')
  const saved = await domain.vault.create(domain.ada, {
    ...{ type: 'basic', name, description: '', fields: parsed.fields, connectionIds },
  })
  if (!saved.ok) throw new Error(saved.error)
  return saved.id
}

const codes = async (id: string) => (await domain.health.show(domain.ada, id)).looks.map(({ code }) => code)

test('A password that is wrong is tried once by all checks of all its connections, by the log of the data store itself', async () => {
  const ids = [await connectionTo('Shop'), await connectionTo('Same shop')]
  const credentialId = await storeWrong('Reader', ids)
  for (const id of ids) {
    expect(await domain.health.configure(domain.ada, id, { minutes: 15, credentialId })).toEqual({ ok: true })
  }

  // Three processes, each looking eight times, with an hour between.
  let hours = 0
  const now = () => new Date(Date.now() + hours * 3_600_000)
  const looks = () => createLooks({ ...domain, queries: domain.connectionQueries, deployment: 'managed', now })
  const processes = Array.from({ length: 3 }, () => createHealthSchedule({ ...domain, looks: looks(), log }))
  for (hours = 0; hours < 8; hours++) await Promise.all(processes.map((one) => one.once()))
  await vi.waitFor(() => expect(attempts()).toBe(1))
  const strips = [...(await codes(ids[0] ?? '')), ...(await codes(ids[1] ?? ''))]
  expect(new Set(strips)).toEqual(new Set(['auth.refused', 'skipped.paused']))
  expect(strips.filter((code) => code === 'auth.refused')).toHaveLength(1)

  // The proven password goes on where it stopped, on both.
  const edit = { revision: 1, name: 'Reader', description: '', typed: typed(targetPassword) }
  const tried = await tryEdit(domain, domain.ada, credentialId, edit)
  expect(await domain.vault.applyEdit(domain.ada, credentialId, tried)).toEqual({ ok: true })
  for (hours of [9, 9.01]) await processes[0]?.once() // The second of them may have had to wait for the first.
  for (const id of ids) expect((await codes(id))[0]).toBe('ok')
  expect(attempts()).toBe(1)
  await Promise.all(processes.map((one) => one.close()))
})

test('A password that is wrong is tried once for a basket of tables, and not by the checks after it', async () => {
  const id = await connectionTo('Shop of tables')
  const credentialId = await storeWrong('Reader of tables', [id])
  const before = attempts()
  const catalog = createCatalog({ ...domain, directory, log, beatMilliseconds: 1000 })
  const items = ['one', 'two', 'three', 'four', 'five'].map((table) => ({
    ...{ name: table, source: { kind: 'table', schema: 'public', table } as const },
  }))
  const account = { kind: 'stored', credentialId } as const
  const made = await catalog.datasets.create(domain.ada, { connectionId: id, account, items, rowLimit: null })
  await catalog.snapshots.idle()
  await domain.health.configure(domain.ada, id, { minutes: 15, credentialId })
  const schedule = createHealthSchedule({ ...domain, log })
  await schedule.once()
  await vi.waitFor(() => expect(attempts()).toBe(before + 1))

  const messages = []
  for (const datasetId of made) {
    const its = eq(datasetVersions.datasetId, datasetId)
    const [version] = await domain.db.select().from(datasetVersions).where(its)
    messages.push([version?.status, version?.code, version?.message])
  }
  expect(messages[0]?.slice(0, 2)).toEqual(['failed', 'auth.refused'])
  for (const message of messages.slice(1)) {
    expect(message).toEqual(['failed', null, expect.stringContaining('it was not tried again. Store the right secret')])
  }
  expect(await codes(id)).toEqual(['skipped.paused'])
  await schedule.close()
  await catalog.close()
})

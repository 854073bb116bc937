import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Connector } from '../connector/driver.ts'
import { parseNewFields } from '../credentials/credential-type.ts'
import { basic } from '../credentials/types/basic.ts'
import { connections } from '../db/schema/connections.ts'
import { createLog } from '../log.ts'
import { type TestDomain, testDomain, tryEdit } from '../testing/domain.ts'
import { testConnector } from '../testing/jobs.ts'
import { startTarget, type Target, targetPassword } from '../testing/target.ts'
import { createLooks } from './looks.ts'
import { createHealthSchedule } from './schedule.ts'

let domain: TestDomain
let target: Target
let connector: Connector

beforeAll(async () => {
  target = await startTarget()
  domain = await testDomain()
  connector = testConnector({ warm: 0 })
  domain.connector.run = connector.run
})
afterAll(async () => {
  await connector.close()
  await domain.close()
  await target.close()
})

const attempts = () => target.log().match(/password authentication failed for user "reader"/g)?.length ?? 0

test('A password that is wrong is tried once by all checks there are, by the log of the data store itself', async () => {
  const parameters = { host: target.host, port: String(target.port), database: 'shop', tls: 'disable' }
  const made = await domain.connections.create(domain.ada, { name: 'Shop', driver: 'postgresql', parameters })
  if (!made.ok) throw new Error(made.error)
  const typed = (password: string) => ({
    text: (id: string) => (id === 'username' ? 'reader' : password),
    cleared: () => false,
  })
  const parsed = parseNewFields(basic, typed('not the password'))
  if (!parsed.ok) throw new Error('The fields are wrong.')
  const account = { type: 'basic', name: 'Reader', description: '', fields: parsed.fields, connectionIds: [made.id] }
  const saved = await domain.vault.create(domain.ada, account)
  if (!saved.ok) throw new Error(saved.error)
  const { id: credentialId } = saved
  expect(await domain.health.configure(domain.ada, made.id, { minutes: 15, credentialId })).toEqual({ ok: true })

  // Three processes, each looking eight times, with an hour between.
  let hours = 0
  const now = () => new Date(Date.now() + hours * 3_600_000)
  const looks = () => createLooks({ ...domain, queries: domain.connectionQueries, deployment: 'managed', now })
  const processes = Array.from({ length: 3 }, () =>
    createHealthSchedule({ looks: looks(), log: createLog({ level: 'silent' }) }),
  )
  for (hours = 0; hours < 8; hours++) await Promise.all(processes.map((one) => one.once()))
  await vi.waitFor(() => expect(attempts()).toBe(1))

  // The proven password goes on where it stopped.
  const edit = { revision: 1, name: 'Reader', description: '', typed: typed(targetPassword) }
  const tried = await tryEdit(domain, domain.ada, credentialId, edit)
  expect(await domain.vault.applyEdit(domain.ada, credentialId, tried)).toEqual({ ok: true })
  await Promise.all(processes.map((one) => one.once()))
  const [row] = await domain.db.select().from(connections).where(eq(connections.id, made.id))
  expect(row).toMatchObject({ healthStoppedCode: null, lastSignInCode: 'ok' })
  const { looks: seen } = await domain.health.show(domain.ada, made.id)
  expect(seen.map(({ code }) => code)).toEqual(['ok', 'auth.refused'])
  expect(attempts()).toBe(1)
  await Promise.all(processes.map((one) => one.close()))
})

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { credentials, credentialVersions } from '../db/schema/credentials.ts'
import { verifyGrants } from '../keys/inspect.ts'
import { answering } from '../testing/answering.ts'
import { bundleProgram } from '../testing/bundle-program.ts'
import { type TestDomain, testDomain, tryEdit } from '../testing/domain.ts'
import { type EditProcessOrder, type EditStep, editSteps } from '../testing/edit-order.ts'
import { type EditedAccount, editedAccount, good, mixed } from '../testing/edited-account.ts'
import { createLanes } from './lanes.ts'

const kek = randomBytes(32)
let domain: TestDomain
let processFile: string
let count = 0

beforeAll(async () => {
  processFile = await bundleProgram('src/testing/edit-process.ts')
  domain = await testDomain({ kek })
})
afterAll(async () => {
  await domain.close()
  rmSync(processFile)
})

/** An account with an edit that is ready for a step. */
type Prepared = { readonly account: EditedAccount; readonly editId: string; readonly name: string }

async function prepare(step: EditStep): Promise<Prepared> {
  const number = ++count
  const account = await editedAccount(domain, number)
  const name = `Reporting ${number}`
  answering(domain, step === 'split' ? mixed : good)
  if (step === 'start') return { account, editId: '', name }
  const editId = await tryEdit(domain, domain.ada, account.id, account.edit())
  if (step !== 'try') return { account, editId, name }
  await domain.db.execute(sql`update proven_edits set state = 'trying' where id = ${editId}`)
  await domain.db.execute(
    sql`update proven_edit_trials set new_code = null, old_code = null, finished_at = null where edit_id = ${editId}`,
  )
  return { account, editId, name }
}

/** Resolves with how many statements wrote, or null where the process was killed. */
async function take(step: EditStep, { account, editId, name }: Prepared, killAt: number): Promise<number | null> {
  const order: EditProcessOrder = {
    ...{ databaseUrl: domain.database.url, kek: kek.toString('base64'), actor: domain.ada },
    ...{ credentialId: account.id, name, step, editId, killAt },
  }
  const child = spawn(process.execPath, [processFile], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(order))
  const [output, [status, signal]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  if (signal === 'SIGKILL') return null
  expect(status).toBe(0)
  return Number(output)
}

it.each(editSteps)(
  'A process killed in the middle of the step %s leaves the old version in use and a way on',
  async (step) => {
    const whole = await prepare(step)
    const statements = await take(step, whole, 0)
    expect(statements).toBeGreaterThan(3)
    const killed: { readonly at: number; readonly prepared: Prepared }[] = []
    for (const at of spread(statements ?? 0)) killed.push({ at, prepared: await prepare(step) })
    const lanes = createLanes(2)
    const survivors = await Promise.all(killed.map(({ at, prepared }) => lanes(() => take(step, prepared, at))))
    // Of what goes on at the same time there may be a heartbeat less; of one transaction all are killed.
    if (step !== 'try') expect(survivors.filter((written) => written !== null)).toEqual([])
    for (const { prepared } of killed) await expectOld(prepared)
    for (const { prepared } of killed) await goOn(step, prepared)
    expect(await verifyGrants(domain.db, domain.keys)).toMatchObject({ failed: 0 })
  },
  300_000,
)

/** Four of the statements, the first and the last, which is the commit, among them. */
function spread(statements: number): readonly number[] {
  const places = [0, 0.34, 0.67, 1].map((part) => 1 + Math.round(part * (statements - 1)))
  return [...new Set(places)]
}

async function expectOld({ account, name }: Prepared): Promise<void> {
  expect(await account.row()).toMatchObject({ currentVersion: 1, revision: 1, username: 'reader', name })
  expect([await account.passwordOn(account.sales), await account.passwordOn(account.orders)]).toEqual(['old', 'old'])
  expect(
    await domain.db
      .select()
      .from(credentials)
      .where(eq(credentials.name, `${name} (old)`)),
  ).toEqual([])
  const versions = await domain.db
    .select()
    .from(credentialVersions)
    .where(eq(credentialVersions.credentialId, account.id))
  expect(versions.filter(({ pendingUntil }) => pendingUntil === null).map(({ version }) => version)).toEqual([1])
}

/** Whatever was interrupted can be done by somebody else. */
async function goOn(step: EditStep, { account, editId, name }: Prepared): Promise<void> {
  const { ada, vault } = domain
  if (step === 'split') {
    const split = await vault.splitEdit(ada, account.id, editId, `${name} (old)`)
    if (!split.ok) throw new Error(split.reason)
    expect(await account.passwordOn(account.orders, split.credentialId)).toBe('old')
  } else if (step === 'discard') {
    expect(await vault.discardEdit(ada, account.id, editId)).toEqual({ ok: true })
    expect(await account.grantsOf(2)).toEqual([])
    return
  } else {
    const ready = step === 'apply' ? editId : await triedAgain(step, account, editId)
    expect(await vault.applyEdit(ada, account.id, ready)).toEqual({ ok: true })
    expect(await account.passwordOn(account.orders)).toBe('new')
  }
  expect(await account.passwordOn(account.sales)).toBe('new')
}

async function triedAgain(step: EditStep, account: EditedAccount, editId: string): Promise<string> {
  answering(domain, good)
  if (step === 'start') return tryEdit(domain, domain.ada, account.id, account.edit())
  await domain.db.execute(
    sql`update proven_edits set heartbeat_at = now() - interval '31 seconds' where id = ${editId}`,
  )
  await domain.provenEdits.sweep()
  expect(await domain.vault.retryEdit(domain.ada, account.id, editId)).toEqual({ ok: true })
  domain.provenEdits.begin(domain.ada, editId)
  await domain.provenEdits.idle()
  const { connections } = await domain.provenEditQueries.show(domain.ada, account.id, editId)
  expect(connections.every(({ isProven }) => isProven)).toBe(true)
  return editId
}

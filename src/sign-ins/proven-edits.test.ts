import { and, eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { NotFound } from '../access/refusals.ts'
import { TooBusy } from '../connector/driver.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { credentialVersions } from '../db/schema/credentials.ts'
import { provenEdits } from '../db/schema/proven-edits.ts'
import { verifyGrants } from '../keys/inspect.ts'
import { answering } from '../testing/answering.ts'
import { addConnection, refused, signedIn, type TestDomain, testDomain, tryEdit } from '../testing/domain.ts'
import { type EditedAccount, editedAccount, good, mixed, storeReader } from '../testing/edited-account.ts'

let domain: TestDomain
let account: EditedAccount
let count = 0

beforeAll(async () => {
  domain = await testDomain()
})
afterAll(() => domain.close())

beforeEach(async () => {
  account = await editedAccount(domain, ++count)
})

describe('An edit of a username or secret', () => {
  it('changes nothing before it is applied: the old secret is what opens, and the new one waits sealed', async () => {
    answering(domain, good)
    const editId = await tryEdit(domain, domain.ada, account.id, account.edit())
    expect(await account.row()).toMatchObject({
      currentVersion: 1,
      revision: 1,
      username: 'reader',
      name: `Reporting ${count}`,
    })
    expect(await account.passwordOn(account.sales)).toBe('old')
    const versions = await domain.db
      .select()
      .from(credentialVersions)
      .where(eq(credentialVersions.credentialId, account.id))
    expect(versions.find(({ version }) => version === 2)?.pendingUntil?.getTime()).toBeGreaterThan(
      Date.now() + 3_500_000,
    )
    expect(await account.grantsOf(2)).toEqual(['connection', 'connection', 'owner'])
    expect(await verifyGrants(domain.db, domain.keys)).toMatchObject({ failed: 0 })
    const [entry] = await account.entries('credential.edit')
    expect(entry?.details).toMatchObject({ version: 2, edit: editId, pending: true, trials: 2 })
  })

  it('is tried on every connection with both versions, and each use is in the ledger as one', async () => {
    const asked = answering(domain, good)
    const detail = await domain.provenEditQueries.show(
      domain.ada,
      account.id,
      await tryEdit(domain, domain.ada, account.id, account.edit()),
    )
    expect(asked.map(({ host, secrets }) => `${host} ${secrets.username} ${secrets.password}`).sort()).toEqual([
      'orders.example.com reader old',
      'orders.example.com writer new',
      'sales.example.com reader old',
      'sales.example.com writer new',
    ])
    expect(detail).toMatchObject({ state: 'tried', conflict: null, edited: { username: 'writer', version: 2 } })
    expect(detail.connections.map(({ before, after, isProven }) => [before.state, after.state, isProven])).toEqual([
      ['ok', 'ok', true],
      ['ok', 'ok', true],
    ])
    const uses = await account.entries('credential.use')
    expect(uses.map(({ purpose }) => purpose)).toEqual(Array(4).fill('try an edit'))
    expect(uses.map(({ details }) => details.version).sort()).toEqual([1, 1, 2, 2])
  })

  it('runs the query of each dataset at no rows where the sign-in was good, and only there', async () => {
    const [onSales, onOrders] = [await account.addDataset(account.sales), await account.addDataset(account.orders)]
    const asked = answering(domain, mixed)
    const detail = await domain.provenEditQueries.show(
      domain.ada,
      account.id,
      await tryEdit(domain, domain.ada, account.id, account.edit()),
    )
    const queries = asked.filter(({ operation }) => operation === 'preview')
    expect(queries).toMatchObject([{ host: 'sales.example.com', input: { rows: 0 }, secrets: { password: 'new' } }])
    expect(detail.connections.map((one) => one.datasets)).toMatchObject([
      [{ id: onOrders, before: { state: 'ok', tried: false }, after: { state: 'not run' } }],
      [{ id: onSales, before: { state: 'ok', tried: false }, after: { state: 'ok' } }],
    ])
    expect(detail.connections[0]).toMatchObject({
      isProven: false,
      before: { state: 'ok' },
      after: { code: 'auth.refused', sentence: 'The server refused this username and password.' },
    })
  })

  it('does not try a present version that is known to be refused', async () => {
    domain.connector.next = refused
    answering(domain, () => refused)
    await domain.signIns.create(domain.ada, account.orders, { kind: 'stored', credentialId: account.id }, 'test')
    const asked = answering(domain, good)
    const detail = await domain.provenEditQueries.show(
      domain.ada,
      account.id,
      await tryEdit(domain, domain.ada, account.id, account.edit()),
    )
    expect(asked.filter(({ host, secrets }) => host === 'orders.example.com' && secrets.password === 'old')).toEqual([])
    expect(detail.connections[0]?.before).toMatchObject({ state: 'failed', code: 'auth.refused', tried: false })
    expect(detail.connections[0]?.before.at).toBeInstanceOf(Date)
  })

  it('that a server turns away is not tried again on that server: an account would be locked', async () => {
    for (const name of ['Second', 'Third']) {
      const other = await addConnection(domain, domain.ada, `${name} ${count}`, 'sales.example.com')
      await domain.vault.associate(domain.ada, account.id, other)
    }
    const asked = answering(domain, (job, { password }) => (password === 'new' ? refused : good(job, {})))
    const detail = await domain.provenEditQueries.show(
      domain.ada,
      account.id,
      await tryEdit(domain, domain.ada, account.id, account.edit()),
    )
    const attempts = asked.filter(({ secrets, host }) => secrets.password === 'new' && host === 'sales.example.com')
    expect(attempts).toHaveLength(1)
    expect(detail.connections.filter(({ after }) => after.sparedBy !== null)).toHaveLength(2)
    expect(detail.connections.every(({ after }) => after.code === 'auth.refused')).toBe(true)
  })

  it('is tried on eight at a time at most, and waits while Keyward is busy', async () => {
    for (let number = 0; number < 12; number++) {
      const host = `host${number}.example.com`
      await domain.vault.associate(
        domain.ada,
        account.id,
        await addConnection(domain, domain.ada, `${host} ${count}`, host),
      )
    }
    let now = 0
    let most = 0
    let busy = true
    const asked = answering(domain, async (job) => {
      if (busy) {
        busy = false
        throw new TooBusy(0.01)
      }
      most = Math.max(most, ++now)
      await new Promise((resolve) => setImmediate(resolve))
      now -= 1
      return good(job, {})
    })
    const detail = await domain.provenEditQueries.show(
      domain.ada,
      account.id,
      await tryEdit(domain, domain.ada, account.id, account.edit()),
    )
    expect(most).toBeLessThanOrEqual(8)
    expect(asked).toHaveLength(14 * 2 + 1)
    expect(detail.connections.every(({ isProven }) => isProven)).toBe(true)
  })

  it('with a name that cannot be stored seals and tries nothing', async () => {
    await storeReader(domain, `Taken ${count}`, [])
    const asked = answering(domain, good)
    for (const name of ['x'.repeat(101), '', ` taken\u00a0 ${count} `]) {
      const outcome = await domain.saving.edit(domain.ada, account.id, { ...account.edit(), name, signIn: true })
      expect(outcome).toMatchObject({ kind: 'invalid', errors: { name: expect.any(String) } })
    }
    expect(asked).toEqual([])
    expect(await account.grantsOf(2)).toEqual([])
  })

  it('grants nothing for a connection that leads elsewhere by now, and says so', async () => {
    await move(account.orders)
    const asked = answering(domain, good)
    const editId = await tryEdit(domain, domain.ada, account.id, account.edit())
    expect(asked.map(({ host }) => host)).toEqual(['sales.example.com', 'sales.example.com'])
    expect(await account.grantsOf(2)).toEqual(['connection', 'owner'])
    const detail = await domain.provenEditQueries.show(domain.ada, account.id, editId)
    expect(detail.connections[0]?.after.sentence).toContain('destination changed')
    // Once applied it is granted what it was agreed to before, as by any edit.
    expect(await domain.vault.applyEdit(domain.ada, account.id, editId)).toEqual({ ok: true })
    expect(await account.grantsOf(2)).toEqual(['connection', 'connection', 'owner'])
    expect(await verifyGrants(domain.db, domain.keys)).toMatchObject({ failed: 0 })
  })
})

describe('An edit that comes to nothing', () => {
  it('discarded, is erased with its grants, also while it is being tried', async () => {
    let letGo = () => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const asked = answering(domain, async () => {
      await held
      return signedIn
    })
    const started = await domain.saving.edit(domain.ada, account.id, { ...account.edit(), signIn: true })
    if (started.kind !== 'proving') throw new Error(started.kind)
    const { editId } = started
    domain.provenEdits.begin(domain.ada, editId)
    await expect.poll(() => asked.length).toBe(4)
    expect(await domain.vault.applyEdit(domain.ada, account.id, editId)).toEqual({ ok: false, reason: 'trying' })
    expect(await domain.vault.discardEdit(domain.ada, account.id, editId)).toEqual({ ok: true })
    domain.provenEdits.end(editId)
    letGo()
    await domain.provenEdits.idle()
    expect(await account.grantsOf(2)).toEqual([])
    expect(await account.passwordOn(account.sales)).toBe('old')
    expect(await domain.provenEditQueries.show(domain.ada, account.id, editId)).toMatchObject({ state: 'discarded' })
    for (const decision of [domain.vault.applyEdit, domain.vault.discardEdit, domain.vault.retryEdit]) {
      expect(await decision(domain.ada, account.id, editId)).toEqual({ ok: false, reason: 'over' })
    }
    // Its number is in the ledger and is not given again.
    answering(domain, good)
    await tryEdit(domain, domain.ada, account.id, account.edit())
    expect(await account.grantsOf(3)).toEqual(['connection', 'connection', 'owner'])
  })

  it('not decided in its hour, opens nothing any more and is erased by the sweep', async () => {
    answering(domain, good)
    const editId = await tryEdit(domain, domain.ada, account.id, account.edit())
    const use = { purpose: 'test', runId: account.id }
    expect(await domain.vault.open(domain.ada, account.id, account.sales, use, { version: 2 })).toMatchObject({
      ok: true,
    })
    await passAnHour(editId)
    expect(await domain.vault.open(domain.ada, account.id, account.sales, use, { version: 2 })).toEqual(
      expect.objectContaining({ reason: 'edit over' }),
    )
    expect(await domain.provenEditQueries.show(domain.ada, account.id, editId)).toMatchObject({ state: 'expired' })
    expect(await domain.vault.applyEdit(domain.ada, account.id, editId)).toEqual({ ok: false, reason: 'over' })
    await domain.provenEdits.sweep()
    expect(await account.grantsOf(2)).toEqual([])
    const [entry] = await account.entries('credential.discard-edit')
    expect(entry).toMatchObject({ actorKind: 'system', details: { edit: editId, version: 2, expired: true } })
    await domain.provenEdits.sweep()
    expect(await account.entries('credential.discard-edit')).toHaveLength(1)
  })

  it('whose process died, is offered to be tried again, and then only what is not known to work is', async () => {
    answering(domain, mixed)
    const editId = await tryEdit(domain, domain.ada, account.id, account.edit())
    await domain.db.execute(sql`update proven_edit_trials set new_code = null, new_diagnosis = null, finished_at = null
      where edit_id = ${editId} and connection_id = ${account.orders}`)
    await domain.db.execute(
      sql`update proven_edits set state = 'trying', heartbeat_at = now() - interval '31 seconds' where id = ${editId}`,
    )
    const shown = await domain.provenEditQueries.show(domain.ada, account.id, editId)
    expect(shown).toMatchObject({
      state: 'tried',
      connections: [{ after: { state: 'interrupted' } }, { isProven: true }],
    })
    await domain.provenEdits.sweep()
    expect((await domain.db.select().from(provenEdits).where(eq(provenEdits.id, editId)))[0]?.state).toBe('tried')
    const asked = answering(domain, good)
    expect(await domain.vault.retryEdit(domain.ada, account.id, editId)).toEqual({ ok: true })
    expect(await domain.vault.retryEdit(domain.ada, account.id, editId)).toEqual({ ok: false, reason: 'trying' })
    domain.provenEdits.begin(domain.ada, editId)
    await domain.provenEdits.idle()
    expect(asked).toMatchObject([{ host: 'orders.example.com', secrets: { password: 'new' } }])
    const { connections: tried } = await domain.provenEditQueries.show(domain.ada, account.id, editId)
    expect(tried.every(({ isProven }) => isProven)).toBe(true)
  })
})

it('C1 an edit of someone else is found by no method, and each attempt is in the ledger as denied', async () => {
  answering(domain, good)
  const editId = await tryEdit(domain, domain.ada, account.id, account.edit())
  const another = await storeReader(domain, `Another ${count}`, [])
  const { vault } = domain
  for (const actor of [domain.ben, domain.root, domain.eve]) {
    const attempts = [
      () => vault.startEdit(actor, account.id, account.edit()),
      () => vault.retryEdit(actor, account.id, editId),
      () => vault.applyEdit(actor, account.id, editId),
      () => vault.splitEdit(actor, account.id, editId, 'old'),
      () => vault.discardEdit(actor, account.id, editId),
      () => vault.expireEdit(actor, account.id, editId),
      () => vault.open(actor, account.id, account.sales, { purpose: 'test', runId: editId }, { version: 2 }),
    ]
    for (const attempt of attempts) await expect(attempt()).rejects.toBeInstanceOf(NotFound)
    await expect(domain.provenEditQueries.show(actor, account.id, editId)).rejects.toBeInstanceOf(NotFound)
  }
  // Nor under another credential of its owner.
  for (const decide of [vault.retryEdit, vault.applyEdit, vault.discardEdit, vault.expireEdit]) {
    await expect(decide(domain.ada, another, editId)).rejects.toBeInstanceOf(NotFound)
  }
  await expect(domain.provenEditQueries.show(domain.ada, another, editId)).rejects.toBeInstanceOf(NotFound)
  const denied = and(eq(auditEntries.outcome, 'denied'), eq(auditEntries.resourceId, account.id))
  expect(await domain.db.select().from(auditEntries).where(denied)).toHaveLength(21)
})

async function move(connectionId: string): Promise<void> {
  const { name, parameters, revision } = await domain.connectionQueries.show(domain.ada, connectionId)
  const input = { name, driver: 'postgresql', parameters: { ...parameters, host: 'elsewhere.example.com' } }
  const moved = await domain.connections.edit(domain.ada, connectionId, { revision, input, destinationConfirmed: true })
  if (!moved.ok) throw new Error(moved.reason)
}

async function passAnHour(editId: string): Promise<void> {
  const past = sql`now() - interval '1 second'`
  await domain.db.update(provenEdits).set({ expiresAt: past }).where(eq(provenEdits.id, editId))
  const its = and(eq(credentialVersions.credentialId, account.id), eq(credentialVersions.version, 2))
  await domain.db.update(credentialVersions).set({ pendingUntil: past }).where(its)
}

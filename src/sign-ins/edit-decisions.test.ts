import { eq, inArray } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Outcome } from '../connector/driver.ts'
import { newId } from '../db/new-id.ts'
import { datasets } from '../db/schema/catalog.ts'
import { connections } from '../db/schema/connections.ts'
import { associations, credentials, credentialVersions } from '../db/schema/credentials.ts'
import { schedules } from '../db/schema/schedules.ts'
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

describe('Apply', () => {
  it('makes the pending version the present one, in one step, the id unchanged', async () => {
    const present = { superuser: false, canWrite: false }
    answering(domain, () => ({ ...signedIn, value: { serverVersion: '1', privileges: present } }) as Outcome<unknown>)
    const editId = await tryEdit(domain, domain.ada, account.id, { ...account.edit(), name: `Renamed ${count}` })
    await domain.db
      .update(credentials)
      .set({ expiresAt: new Date(), expirySource: 'set' })
      .where(eq(credentials.id, account.id))
    await domain.db
      .update(associations)
      .set({ lastSignInCode: 'tcp.timeout' })
      .where(eq(associations.credentialId, account.id))
    expect(await domain.vault.applyEdit(domain.ada, account.id, editId)).toEqual({ ok: true })
    expect(await account.row()).toMatchObject({
      currentVersion: 2,
      revision: 2,
      username: 'writer',
      name: `Renamed ${count}`,
    })
    expect(await account.row()).toMatchObject({ expiresAt: null, expirySource: null })
    expect(await account.passwordOn(account.sales)).toBe('new')
    expect([await account.grantsOf(1), await account.grantsOf(2)]).toEqual([
      ['owner'],
      ['connection', 'connection', 'owner'],
    ])
    const versions = await domain.db
      .select()
      .from(credentialVersions)
      .where(eq(credentialVersions.credentialId, account.id))
    expect(versions.map((one) => [one.version, one.replacedAt !== null, one.pendingUntil]).sort()).toEqual([
      [1, true, null],
      [2, false, null],
    ])
    const bonds = await domain.db.select().from(associations).where(eq(associations.credentialId, account.id))
    expect(bonds.map(({ lastSignInCode, privileges }) => [lastSignInCode, privileges?.canWrite])).toEqual([
      ['ok', false],
      ['ok', false],
    ])
    expect(bonds.every(({ previousPrivileges }) => previousPrivileges === null)).toBe(true)
    expect((await account.entries('credential.apply-edit'))[0]?.details).toMatchObject({ edit: editId, version: 2 })
    expect(await verifyGrants(domain.db, domain.keys)).toMatchObject({ failed: 0 })
    expect(await domain.vault.applyEdit(domain.ada, account.id, editId)).toEqual({ ok: false, reason: 'over' })
  })

  it('of two edits lets one win, and tells the other by whom and when', async () => {
    answering(domain, good)
    const first = await tryEdit(domain, domain.ada, account.id, account.edit())
    const second = await tryEdit(domain, domain.ada, account.id, { ...account.edit('other'), name: `Other ${count}` })
    const outcomes = await Promise.all(
      [first, second].map((one) => domain.vault.applyEdit(domain.ada, account.id, one)),
    )
    expect(outcomes.map(({ ok }) => ok).sort()).toEqual([false, true])
    expect(outcomes).toContainEqual({ ok: false, reason: 'changed' })
    const loser = outcomes[0]?.ok ? second : first
    const detail = await domain.provenEditQueries.show(domain.ada, account.id, loser)
    expect(detail).toMatchObject({ state: 'tried', conflict: { by: 'Ada', at: expect.any(Date) } })
    const { openEdits } = await domain.credentialQueries.show(domain.ada, account.id)
    expect(openEdits.map((one) => one.id)).toEqual([loser])
    expect(await domain.vault.retryEdit(domain.ada, account.id, loser)).toEqual({ ok: false, reason: 'changed' })
    expect(await domain.vault.discardEdit(domain.ada, account.id, loser)).toEqual({ ok: true })
  })

  it('loses against an edit that was saved at once, and against a name that was taken since', async () => {
    answering(domain, good)
    const named = await tryEdit(domain, domain.ada, account.id, { ...account.edit(), name: `Wanted ${count}` })
    await storeReader(domain, `Wanted ${count}`, [])
    expect(await domain.vault.applyEdit(domain.ada, account.id, named)).toMatchObject({ ok: false, reason: 'name' })
    await domain.saving.edit(domain.ada, account.id, { ...account.edit('quick'), signIn: false })
    expect(await account.row()).toMatchObject({ currentVersion: 3 })
    expect(await domain.vault.applyEdit(domain.ada, account.id, named)).toEqual({ ok: false, reason: 'changed' })
    expect(await account.passwordOn(account.sales)).toBe('quick')
  })

  it('grants the new version to what was associated since', async () => {
    answering(domain, good)
    const editId = await tryEdit(domain, domain.ada, account.id, account.edit())
    const later = await addConnection(domain, domain.ada, `Later ${count}`, 'later.example.com')
    await domain.vault.associate(domain.ada, account.id, later)
    const detail = await domain.provenEditQueries.show(domain.ada, account.id, editId)
    expect(detail.connections.find((one) => one.id === later)?.after.state).toBe('unknown')
    await domain.vault.applyEdit(domain.ada, account.id, editId)
    expect(await account.passwordOn(later)).toBe('new')
  })
})

describe('Split', () => {
  it('leaves the old secret, under a name of its own, to what the new one does not open', async () => {
    const moved = await account.addDataset(account.orders)
    await domain.health.configure(domain.ada, account.orders, { minutes: 60, credentialId: account.id })
    answering(domain, mixed)
    const editId = await tryEdit(domain, domain.ada, account.id, account.edit())
    const split = await domain.vault.splitEdit(domain.ada, account.id, editId, `Reporting ${count} (old)`)
    if (!split.ok) throw new Error(split.reason)
    const old = split.credentialId
    expect([await account.passwordOn(account.sales), await account.passwordOn(account.orders, old)]).toEqual([
      'new',
      'old',
    ])
    expect(await account.openOn(account.orders)).toMatchObject({ ok: false, reason: 'not associated' })
    const [bond] = await domain.db.select().from(associations).where(eq(associations.credentialId, old))
    expect(bond).toMatchObject({ connectionId: account.orders, isDefault: true, ownerId: domain.ada.id })
    const [connection] = await domain.db.select().from(connections).where(eq(connections.id, account.orders))
    expect(connection).toMatchObject({ healthCredentialId: old })
    expect((await domain.db.select().from(datasets).where(eq(datasets.id, moved)))[0]?.credentialId).toBe(old)
    const [kept] = await domain.db.select().from(credentials).where(eq(credentials.id, old))
    expect(kept).toMatchObject({ name: `Reporting ${count} (old)`, username: 'reader', ownerId: domain.ada.id })
    expect(await account.row()).toMatchObject({ currentVersion: 2, username: 'writer' })
    expect(await verifyGrants(domain.db, domain.keys)).toMatchObject({ failed: 0 })
    const [entry] = await account.entries('credential.split-edit')
    expect(entry?.details).toMatchObject({ edit: editId, splitCredential: old, moved: 1 })
  })

  it('moves the schedules of what is made from a connection that keeps the old secret, and no others', async () => {
    const moved = await account.addDataset(account.orders)
    const kept = await account.addDataset(account.sales)
    for (const datasetId of [moved, kept]) await schedule(datasetId)
    answering(domain, mixed)
    const editId = await tryEdit(domain, domain.ada, account.id, account.edit())
    const split = await domain.vault.splitEdit(domain.ada, account.id, editId, `Kept ${count}`)
    if (!split.ok) throw new Error(split.reason)
    const accounts = await domain.db
      .select()
      .from(schedules)
      .where(inArray(schedules.datasetId, [moved, kept]))
    expect(new Map(accounts.map(({ datasetId, credentialId }) => [datasetId, credentialId]))).toEqual(
      new Map([
        [moved, split.credentialId],
        [kept, account.id],
      ]),
    )
  })

  it('moves a connection whose sign-in was good but whose query fails', async () => {
    await account.addDataset(account.orders)
    answering(domain, (job, { password }) =>
      job.operation === 'preview' && password === 'new'
        ? ({ ...refused, code: 'read.denied' } as Outcome<unknown>)
        : good(job, {}),
    )
    const editId = await tryEdit(domain, domain.ada, account.id, account.edit())
    const split = await domain.vault.splitEdit(domain.ada, account.id, editId, `Kept ${count}`)
    if (!split.ok) throw new Error(split.reason)
    expect(await account.passwordOn(account.orders, split.credentialId)).toBe('old')
  })

  it('with a name that is taken or none, or where there are no two sides, changes nothing', async () => {
    answering(domain, mixed)
    const editId = await tryEdit(domain, domain.ada, account.id, account.edit())
    for (const name of ['', 'x'.repeat(101), ` REPORTING ${count}`]) {
      expect(await domain.vault.splitEdit(domain.ada, account.id, editId, name)).toMatchObject({
        ok: false,
        reason: 'old name',
      })
    }
    answering(domain, good)
    const all = await tryEdit(domain, domain.ada, account.id, account.edit())
    const name = `Kept ${count}`
    expect(await domain.vault.splitEdit(domain.ada, account.id, all, name)).toEqual({
      ok: false,
      reason: 'nothing to split',
    })
    expect(await account.row()).toMatchObject({ currentVersion: 1, revision: 1 })
    expect(await account.passwordOn(account.orders)).toBe('old')
  })

  it('may give the old secret the name that the credential had', async () => {
    answering(domain, mixed)
    const editId = await tryEdit(domain, domain.ada, account.id, { ...account.edit(), name: `Renamed ${count}` })
    expect(await domain.vault.splitEdit(domain.ada, account.id, editId, `Reporting ${count}`)).toMatchObject({
      ok: true,
    })
  })
})

async function schedule(datasetId: string): Promise<void> {
  const { id: setBy, organizationId } = domain.ada
  const rule = { every: 'day', at: '06:00' }
  const its = { rule, timeZone: 'UTC', catchUp: 'once' as const, nextAt: new Date('2099-01-01') }
  await domain.db
    .insert(schedules)
    .values({ id: newId(), organizationId, datasetId, credentialId: account.id, setBy, ...its })
}

import { createHash, createHmac } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { type AuditEntry, createLedger, firstPreviousHash, hashOf } from '../src/audit/ledger.ts'
import { connect, type Transaction } from '../src/db/client.ts'
import { newId } from '../src/db/new-id.ts'
import { auditEntries } from '../src/db/schema/audit.ts'

const [mode = '', url = '', writer = '', round = '', seconds = ''] = process.argv.slice(2)
const pool = connect(url, 1)
const key = createHash('sha256').update('a key for the bench').digest()
const ledger = createLedger({ key, instance: `bench:${writer}` })
const append = mode === 'chained' ? ledger.append : appendPlain
let sequence = (Number(round) * 10 + Number(writer)) * 1_000_000

await transaction()
let done = 0
const begun = performance.now()
while (performance.now() - begun < Number(seconds) * 1000) {
  await transaction()
  done++
}
console.log(done / ((performance.now() - begun) / 1000))
await pool.close()

function transaction(): Promise<void> {
  return pool.db.transaction(async (tx) => {
    await tx.execute(sql`update bench_effects set changes = changes + 1 where id = ${Number(writer)}`)
    await append(tx, entry())
  })
}

function entry(): AuditEntry {
  return {
    actor: { kind: 'user', id: newId(), address: '127.0.0.1' },
    action: 'credential.use',
    resource: { type: 'credential', id: newId() },
    organizationId: newId(),
    outcome: 'allowed',
    purpose: 'snapshot of a dataset',
    requestId: newId(),
    runId: newId(),
    details: { version: 1 },
  }
}

/** The same row with the same digests, but after no other and without waiting for anybody. */
async function appendPlain(tx: Transaction, { actor, resource, ...rest }: AuditEntry): Promise<void> {
  const row = {
    sequence: ++sequence,
    time: new Date(),
    actorKind: actor.kind,
    actorId: actor.id,
    actorAddress: actor.address,
    resourceType: resource.type,
    resourceId: resource.id,
    instance: `bench:${writer}`,
    previousHash: firstPreviousHash,
    ...rest,
    details: rest.details ?? {},
  }
  const hash = hashOf(row)
  const mac = createHmac('sha256', key).update(hash).digest()
  await tx.insert(auditEntries).values({ ...row, hash, mac })
}

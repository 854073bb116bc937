import pg from 'pg'
import { createLedger } from '../audit/ledger.ts'
import type { Connector } from '../connector/driver.ts'
import { parsePolicy } from '../connector/egress-policy.ts'
import { connect } from '../db/client.ts'
import { loadKeys } from '../keys/key-store.ts'
import { createLog } from '../log.ts'
import { kekFromKey } from '../secrets/kek/kek.ts'
import { createServices, type Services } from '../services.ts'
import { createProvenEdits, type ProvenEdits } from '../sign-ins/proven-edits.ts'
import type { EditProcessOrder } from './edit-order.ts'

/**
 * A process of its own that takes one step of a proven edit as the server would, and kills itself before the statement it
 * is told. Takes its order as JSON on standard input; one that lives says how many statements have written.
 */
async function main(): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  const order = JSON.parse(Buffer.concat(chunks).toString('utf8')) as EditProcessOrder
  const { db } = connect(order.databaseUrl, 4)
  const keys = await loadKeys(db, [kekFromKey(Buffer.from(order.kek, 'base64'))])
  const ledger = createLedger({ key: keys.auditKey, instance: 'killed' })
  const { policy: egress } = parsePolicy('managed', '', '')
  const services = createServices({ db, ledger, ...keys, deployment: 'managed', connector: welcoming(), egress })
  const provenEdits = createProvenEdits({ db, ...services, log: createLog({ level: 'silent' }) })
  const written = killAtStatement(order.killAt)
  await take(order, services, provenEdits)
  process.stdout.write(String(written()))
  process.exit(0)
}

async function take(order: EditProcessOrder, { saving, vault }: Services, edits: ProvenEdits): Promise<void> {
  const { actor, credentialId, editId, name, step } = order
  if (step === 'start') {
    const typed = { text: (field: string) => (field === 'username' ? 'writer' : 'new'), cleared: () => false }
    await saving.edit(actor, credentialId, { revision: 1, name, description: '', typed, signIn: true })
  } else if (step === 'try') {
    edits.begin(actor, editId)
    await edits.idle()
  } else if (step === 'apply') await vault.applyEdit(actor, credentialId, editId)
  else if (step === 'split') await vault.splitEdit(actor, credentialId, editId, `${name} (old)`)
  else await vault.discardEdit(actor, credentialId, editId)
}

/** Returns how many statements have written so far; the process does not outlive the one that is told. */
function killAtStatement(killAt: number): () => number {
  const { query } = pg.Client.prototype
  let count = 0
  pg.Client.prototype.query = function (this: pg.Client, ...given: readonly unknown[]) {
    const [first] = given
    const text = typeof first === 'string' ? first : ((first as { text?: string } | undefined)?.text ?? '')
    if (/^\s*(?:insert|update|delete|commit)\b/i.test(text) && ++count === killAt) process.kill(process.pid, 'SIGKILL')
    return Reflect.apply(query, this, given)
  } as typeof query
  return () => count
}

/** A connector that lets everybody in. */
function welcoming(): Connector {
  return {
    run: async (job) => {
      for (const secret of Object.values(job.credential.fields)) secret.wipe()
      return { ok: true, value: { serverVersion: 'test' }, diagnosis: [] } as never
    },
    close: async () => {},
  }
}

await main()

import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import type { UserActor } from '../access/actor.ts'
import type { Deployment } from '../access/features.ts'
import { createLedger } from '../audit/ledger.ts'
import type { Connector, Job, Outcome } from '../connector/driver.ts'
import { rungNames } from '../connector/driver.ts'
import { parsePolicy } from '../connector/egress.ts'
import type { CredentialEdit } from '../credentials/vault.ts'
import { loadKeys } from '../keys/key-store.ts'
import { createLog } from '../log.ts'
import { kekFromKey } from '../secrets/kek/kek.ts'
import { createServices } from '../services.ts'
import { createProvenEdits } from '../sign-ins/proven-edits.ts'
import { addOrganization, addUser } from './actors.ts'
import { testDatabase } from './database.ts'

/** A connector that dials nothing: it keeps the jobs it was given, with what their secrets were, and answers `next`. */
export type RecordingConnector = Connector & {
  readonly jobs: { readonly job: Job; readonly secrets: Readonly<Record<string, string>> }[]
  next: Outcome<unknown>
}

/** The answer of a target that let the account in. */
export const signedIn: Outcome<unknown> = {
  ok: true,
  value: { serverVersion: 'test' },
  diagnosis: rungNames.map((name) => ({
    name,
    state: 'passed',
    milliseconds: 1,
    code: 'ok',
    sentence: '',
    nextStep: null,
    detail: null,
  })),
}

/** The answer of a target that refused the password. */
export const refused: Outcome<unknown> = {
  ok: false,
  code: 'auth.refused',
  diagnosis: rungNames.map((name, rung) => ({
    name,
    state: rung < 4 ? 'passed' : rung === 4 ? 'failed' : 'not reached',
    milliseconds: 1,
    code: rung === 4 ? 'auth.refused' : null,
    sentence: rung === 4 ? 'The server refused this username and password.' : '',
    nextStep: rung === 4 ? 'Check both and try again.' : null,
    detail: null,
  })),
}

/** Every domain service on a database of its own, with keys, a ledger and two organizations. Close it at the end. */
export async function testDomain(options: { deployment?: Deployment; kek?: Buffer } = {}) {
  const database = await testDatabase()
  const { db } = database
  const keys = await loadKeys(db, [kekFromKey(options.kek ?? randomBytes(32))])
  const ledger = createLedger({ key: keys.auditKey, instance: 'test' })
  const connector = recordingConnector()
  const { deployment = 'managed' } = options
  const { keyring, deploymentId } = keys
  const { policy: egress } = parsePolicy(deployment, '', '')
  const services = createServices({ db, ledger, keyring, deploymentId, deployment, connector, egress })

  const log = createLog({ level: 'silent' })
  const provenEdits = createProvenEdits({ db, ...services, log, beatMilliseconds: 50 })

  const acme = await addOrganization(db, 'Acme')
  const other = await addOrganization(db, 'Other')
  const ada = await addUser(db, acme, 'Ada')
  const ben = await addUser(db, acme, 'Ben')
  const root = await addUser(db, acme, 'Root', 'administrator')
  const eve = await addUser(db, other, 'Eve')
  const close = async () => {
    await provenEdits.close()
    await database.close()
  }
  const people = { ada, ben, root, eve }
  return { ...services, ...people, provenEdits, database, db, keys, ledger, connector, close }
}

/** Runs a statement as the role that owns the tables: what someone with the database in their hands could do. */
export async function asOwner(domain: TestDomain, statement: string): Promise<void> {
  const sql = postgres(domain.database.ownerUrl, { max: 1, onnotice: () => {} })
  try {
    await sql.unsafe(statement)
  } finally {
    await sql.end()
  }
}

export type TestDomain = Awaited<ReturnType<typeof testDomain>>

/** Edits as *Save and sign in* does and tries that out; resolves with the id of the edit, which waits for a decision. */
export async function tryEdit(domain: TestDomain, actor: UserActor, id: string, edit: CredentialEdit): Promise<string> {
  const outcome = await domain.saving.edit(actor, id, { ...edit, signIn: true })
  if (outcome.kind !== 'proving') throw new Error(`It came to: ${outcome.kind}.`)
  domain.provenEdits.begin(actor, outcome.editId)
  await domain.provenEdits.idle()
  return outcome.editId
}

/** Adds a connection to a host that no test dials; the name and the host may be given. */
export async function addConnection(domain: TestDomain, actor: UserActor, name = 'Sales', host = 'db.example.com') {
  const parameters = { host, port: '5432', database: 'sales', tls: 'verify-full' }
  const made = await domain.connections.create(actor, { name, driver: 'postgresql', parameters })
  if (!made.ok) throw new Error(made.error)
  return made.id
}

function recordingConnector(): RecordingConnector {
  const jobs: RecordingConnector['jobs'] = []
  const connector: RecordingConnector = {
    jobs,
    next: signedIn,
    run: async (job) => {
      const fields = Object.entries(job.credential.fields)
      jobs.push({ job, secrets: Object.fromEntries(fields.map(([id, secret]) => [id, secret.expose().toString()])) })
      for (const [, secret] of fields) secret.wipe()
      return connector.next as never
    },
    close: async () => {},
  }
  return connector
}

import { and, desc, eq } from 'drizzle-orm'
import type { Outcome } from '../connector/driver.ts'
import { newId } from '../db/new-id.ts'
import { auditEntries } from '../db/schema/audit.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { credentials, grants } from '../db/schema/credentials.ts'
import { Secret } from '../secrets/secret.ts'
import type { Answer } from './answering.ts'
import { addConnection, refused, signedIn, type TestDomain } from './domain.ts'

export type EditedAccount = Awaited<ReturnType<typeof editedAccount>>

const noRows = { ...signedIn, value: { columns: [], rows: [] } } as Outcome<unknown>

/** Lets everybody in. */
export const good: Answer = (job) => (job.operation === 'preview' ? noRows : signedIn)
/** Lets the password `new` in everywhere but on orders.example.com. */
export const mixed: Answer = (job, secrets) =>
  job.destination.host === 'orders.example.com' && secrets.password === 'new' ? refused : good(job, secrets)

/** Stores an account of Ada's: its username is `reader`, its password `old`. */
export async function storeReader(domain: TestDomain, name: string, connectionIds: readonly string[]): Promise<string> {
  const fields = { username: new Secret('reader'), password: new Secret('old') }
  const made = await domain.vault.create(domain.ada, { type: 'basic', name, description: '', fields, connectionIds })
  if (!made.ok) throw new Error(made.error)
  return made.id
}

/** An account `Reporting n` that is associated with two connections, `Sales n` and `Orders n`, and what a test asks of it. */
export async function editedAccount(domain: TestDomain, count: number) {
  const { db, ada } = domain
  const sales = await addConnection(domain, ada, `Sales ${count}`, 'sales.example.com')
  const orders = await addConnection(domain, ada, `Orders ${count}`, 'orders.example.com')
  const id = await storeReader(domain, `Reporting ${count}`, [sales, orders])

  const openOn = (connectionId: string, credentialId = id) =>
    domain.vault.open(ada, credentialId, connectionId, { purpose: 'test', runId: credentialId })

  return {
    id,
    sales,
    orders,
    openOn,

    /** Gives it the username `writer` and that password. */
    edit(password = 'new') {
      const typed = { text: (field: string) => (field === 'username' ? 'writer' : password), cleared: () => false }
      return { revision: 1, name: `Reporting ${count}`, description: '', typed }
    },

    async row() {
      return (await db.select().from(credentials).where(eq(credentials.id, id)))[0]
    },

    /** The purposes of the grants of a version. */
    async grantsOf(version: number): Promise<readonly string[]> {
      const its = and(eq(grants.credentialId, id), eq(grants.version, version))
      return (await db.select().from(grants).where(its)).map(({ purpose }) => purpose).sort()
    },

    /** The password that opens there, or why none does. */
    async passwordOn(connectionId: string, credentialId = id): Promise<string | undefined> {
      const opened = await openOn(connectionId, credentialId)
      return opened.ok ? opened.credential.fields.password?.expose().toString() : opened.reason
    },

    /** Entries of the ledger about it, the newest first. */
    entries(action: string) {
      const its = and(eq(auditEntries.resourceId, id), eq(auditEntries.action, action))
      return db.select().from(auditEntries).where(its).orderBy(desc(auditEntries.sequence))
    },

    /** Adds a dataset that was made with it, with one completed version; resolves with its id. */
    async addDataset(connectionId: string): Promise<string> {
      const { organizationId, id: ownerId } = ada
      const datasetId = newId()
      const source = { kind: 'query', query: 'select 1' } as const
      const row = {
        id: datasetId,
        organizationId,
        ownerId,
        name: `Rows ${count}`,
        connectionId,
        credentialId: id,
        source,
      }
      await db.insert(datasets).values(row)
      const made = { id: newId(), runId: newId(), organizationId, datasetId, number: 1, status: 'completed' } as const
      const whose = { createdBy: ownerId, accountName: 'reader', finishedAt: new Date() }
      await db.insert(datasetVersions).values({ ...made, ...whose })
      return datasetId
    },
  }
}

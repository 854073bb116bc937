import { and, desc, eq, sql } from 'drizzle-orm'
import { driver } from '../connector/registry.ts'
import type { Transaction } from '../db/client.ts'
import { datasets, datasetVersions } from '../db/schema/catalog.ts'
import { connectionShares, connections } from '../db/schema/connections.ts'
import { datasetShares } from '../db/schema/dataset-shares.ts'
import { datasetTags } from '../db/schema/dataset-tags.ts'
import { connectionSearch, datasetSearch } from '../db/schema/search.ts'
import { foldForSearch } from '../names.ts'

/** Names of columns beyond so many characters are not searched: nobody looks for one of thousands. */
const mostText = 20_000

/**
 * Writes down what a dataset is found by, and for whom: to be called in the transaction that changes its name, its columns
 * or its shares. A deleted one stays, and is not found.
 */
export async function indexDataset(tx: Transaction, id: string): Promise<void> {
  const empty = { datasetId: id, viewers: [], textKey: '', columnsKey: '' }
  // Locked before anything is read, so that of two changes at once the later one sees both.
  const locked = { viewers: sql`dataset_search.viewers` }
  await tx.insert(datasetSearch).values(empty).onConflictDoUpdate({ target: datasetSearch.datasetId, set: locked })
  const [row] = await tx.select().from(datasets).where(eq(datasets.id, id))
  if (row === undefined) return
  const found = {
    viewers: await datasetViewers(tx, row),
    textKey: linesOf(await datasetText(tx, row)),
    columnsKey: linesOf(await columnNames(tx, id)),
  }
  await tx.update(datasetSearch).set(found).where(eq(datasetSearch.datasetId, id))
}

/** The same for a data connection: its name, where it leads, and its shares. */
export async function indexConnection(tx: Transaction, id: string): Promise<void> {
  const empty = { connectionId: id, viewers: [], textKey: '' }
  const locked = { viewers: sql`connection_search.viewers` }
  await tx
    .insert(connectionSearch)
    .values(empty)
    .onConflictDoUpdate({ target: connectionSearch.connectionId, set: locked })
  const [row] = await tx.select().from(connections).where(eq(connections.id, id))
  if (row === undefined) return
  const { userId, connectionId } = connectionShares
  const shares = await tx.select({ userId }).from(connectionShares).where(eq(connectionId, id))
  const viewers = [row.ownerId, ...shares.map((share) => share.userId)]
  const address = driver(row.driver)?.address(row.parameters) ?? ''
  const found = { viewers, textKey: linesOf([row.name, address]) }
  await tx.update(connectionSearch).set(found).where(eq(connectionSearch.connectionId, id))
}

/** Returns folded texts between line breaks, so that what begins or is a whole text is found as such. */
export function linesOf(texts: readonly string[]): string {
  const lines = texts.map(foldForSearch).filter((line) => line !== '')
  const text = `\n${lines.join('\n')}\n`
  return text.length <= mostText ? text : text.slice(0, text.lastIndexOf('\n', mostText) + 1)
}

/** The texts of a dataset that a search looks in, its name first. */
async function datasetText(tx: Transaction, row: typeof datasets.$inferSelect): Promise<readonly string[]> {
  const tags = await tx.select({ tag: datasetTags.tag }).from(datasetTags).where(eq(datasetTags.datasetId, row.id))
  return [row.name, row.description, ...tags.map(({ tag }) => tag)]
}

/** Who may see a dataset: what `visibleTo` of the catalog says, as a list. */
async function datasetViewers(tx: Transaction, { id, ownerId }: typeof datasets.$inferSelect): Promise<string[]> {
  const { userId, datasetId } = datasetShares
  const shares = await tx.select({ userId }).from(datasetShares).where(eq(datasetId, id))
  return [ownerId, ...shares.map((share) => share.userId)]
}

async function columnNames(tx: Transaction, id: string): Promise<readonly string[]> {
  const { columns, datasetId, status, number } = datasetVersions
  const [latest] = await tx
    .select({ columns })
    .from(datasetVersions)
    .where(and(eq(datasetId, id), eq(status, 'completed')))
    .orderBy(desc(number))
    .limit(1)
  return (latest?.columns ?? []).map(({ name }) => name)
}

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { UserActor } from '../access/actor.ts'
import { type Catalog, createCatalog } from '../catalog/catalog.ts'
import type { NewDatasets } from '../catalog/datasets.ts'
import { createLog } from '../log.ts'
import { Secret } from '../secrets/secret.ts'
import type { Account } from '../sign-ins/use-connection.ts'
import { addConnection, type TestDomain, testDomain } from './domain.ts'
import { fakeUse } from './fake-use.ts'

/** A domain with a catalog whose data store answers what the test says, a connection of Ada's and an account on it. */
export type CatalogDomain = {
  readonly domain: TestDomain
  readonly catalog: Catalog
  readonly use: ReturnType<typeof fakeUse>
  readonly connectionId: string
  readonly credentialId: string
  /** Adds a dataset of Ada's by its table, and waits until its first version is made. */
  readonly add: (table: string, more?: Partial<NewDatasets>) => Promise<string>
  /** Names of the files in the snapshot store. */
  readonly files: () => readonly string[]
  readonly close: () => Promise<void>
}

/** Returns one of its own. Close it at the end. */
export async function catalogDomain(): Promise<CatalogDomain> {
  const domain = await testDomain()
  const connectionId = await addConnection(domain, domain.ada)
  const credentialId = await storeAccount(domain, domain.ada, [connectionId])
  const directory = mkdtempSync(join(tmpdir(), 'keyward-catalog-'))
  const use = fakeUse()
  use.release()
  const log = createLog({ level: 'silent' })
  const catalog = createCatalog({ ...domain, use, directory, log, beatMilliseconds: 20 })
  return {
    ...{ domain, catalog, use, connectionId, credentialId },
    async add(table, more = {}) {
      const account: Account = { kind: 'stored', credentialId }
      const items = [{ name: table, source: { kind: 'table' as const, schema: 'public', table } }]
      const [id = ''] = await catalog.datasets.create(domain.ada, {
        ...{ connectionId, account, items, rowLimit: null },
        ...more,
      })
      await catalog.snapshots.idle()
      return id
    },
    files: () =>
      readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sealed')),
    async close() {
      use.release()
      await catalog.close()
      await domain.close()
      rmSync(directory, { recursive: true })
    },
  }
}

/** Stores an account of an actor's, associated with their connections; returns its id. */
export async function storeAccount(domain: TestDomain, actor: UserActor, connectionIds: readonly string[]) {
  const fields = { username: new Secret('reader'), password: new Secret('hunter2 hunter2') }
  const stored = await domain.vault.create(actor, {
    ...{ type: 'basic', name: `Reporting of ${actor.name}`, description: '', fields, connectionIds },
  })
  if (!stored.ok) throw new Error(stored.error)
  return stored.id
}

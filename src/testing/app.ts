import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { UserActor } from '../access/actor.ts'
import type { Deployment } from '../access/features.ts'
import { createAccounts } from '../accounts.ts'
import { createAnalysis } from '../analysis/pool.ts'
import { createApp } from '../app.tsx'
import { createBulk } from '../bulk/bulk.ts'
import { createCatalog } from '../catalog/catalog.ts'
import { createComputing } from '../catalog/computing.ts'
import { loadAssets } from '../http/assets.ts'
import { createLog } from '../log.ts'
import { packageRoot } from '../package-root.ts'
import { allRoutes } from '../routes.ts'
import { createScheduling } from '../schedules/scheduling.ts'
import { createProvenEdits } from '../sign-ins/proven-edits.ts'
import { createTypedAccounts } from '../sign-ins/typed-accounts.ts'
import { testPassword } from './actors.ts'
import { type Client, createClient } from './client.ts'
import { testDomain } from './domain.ts'

type Options = {
  readonly deployment?: Deployment
  readonly origin?: string | null
  readonly addSample?: ((actor: UserActor) => Promise<unknown>) | null
}

export type TestApp = Awaited<ReturnType<typeof testApp>>

/**
 * Returns the whole web app on a database of its own, with the domain's people (`ada`, `ben`, the administrator `root`,
 * and `eve` of another organization), whose password is `testPassword`. Close it at the end.
 */
export async function testApp(options: Options = {}) {
  const { deployment = 'managed', origin = null, addSample = null } = options
  const domain = await testDomain({ deployment })
  const { db } = domain
  const accounts = createAccounts({ ...domain, deployment })
  const logged: string[] = []
  const log = createLog({ level: 'trace', destination: { write: (line) => void logged.push(line) } })
  const assets = loadAssets()
  const ready = () => db.execute('select 1')
  const typedAccounts = createTypedAccounts()
  const directory = mkdtempSync(join(tmpdir(), 'keyward-snapshots-'))
  const catalog = createCatalog({ ...domain, directory, deployment, log, beatMilliseconds: 50 })
  const scratchDirectory = join(directory, 'scratch')
  const analysis = createAnalysis({ workerFile: join(packageRoot(), 'dist/analyst.cjs'), scratchDirectory, warm: 0 })
  const computing = createComputing({ ...domain, catalog, analysis, log, beatMilliseconds: 50 })
  const scheduling = createScheduling({ ...domain, catalog, computing, deployment, log })
  const { schedules, scheduleQueries, besides } = scheduling
  const provenEdits = createProvenEdits({ ...domain, log, beatMilliseconds: 50 })
  const bulk = createBulk({ ...domain, deployment, log, beatMilliseconds: 50 })
  const pages = {
    schedules,
    scheduleQueries,
    besides,
    catalog,
    computing,
    bulk,
    provenEdits,
    typedAccounts,
    assets,
    log,
    deployment,
    ready,
    addSample,
    sendsEmail: true,
  }
  const routes = allRoutes({ ...domain, ...accounts, ...pages })
  const app = createApp({
    origin,
    assets,
    log,
    sessions: accounts.sessions,
    routes,
    recordRefusal: domain.guard.recordRefusal,
  })
  const base = origin ?? 'http://localhost'

  return {
    ...domain,
    ...accounts,
    app,
    catalog,
    ...scheduling,
    /** Nothing follows a snapshot by itself unless a test starts it. */
    computing,
    analysis,
    storage: catalog.storage,
    snapshotDirectory: directory,
    provenEdits,
    bulk,
    async close(): Promise<void> {
      await provenEdits.close()
      await bulk.runs.close()
      await scheduling.runner.stop()
      await computing.close()
      await catalog.close()
      await scheduling.runner.close()
      await analysis.close()
      typedAccounts.close()
      await domain.close()
      rmSync(directory, { recursive: true })
    },
    /** Lines of the log so far. */
    logged,
    /** A browser that is not signed in. */
    client: (address?: string): Client => createClient(app, base, address),
    /** A browser in which `user` is signed in, through the form. */
    async signInAs(user: Pick<UserActor, 'email'>): Promise<Client> {
      const client = createClient(app, base)
      const answer = await client.post('/login', { email: user.email, password: testPassword })
      if (answer.status !== 303) throw new Error(`Signing in answered ${answer.status}: ${answer.text.slice(0, 500)}`)
      return client
    },
  }
}

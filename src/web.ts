import { join } from 'node:path'
import type { UserActor } from './access/actor.ts'
import { createAccounts } from './accounts.ts'
import { createAnalysis } from './analysis/pool.ts'
import { createApp } from './app.tsx'
import { createBulk } from './bulk/bulk.ts'
import { createCatalog } from './catalog/catalog.ts'
import { createComputing } from './catalog/computing.ts'
import type { Composition } from './compose.ts'
import type { Config } from './config.ts'
import type { EgressPolicy } from './connector/egress-policy.ts'
import { createConnector } from './connector/pool.ts'
import { createErasure } from './credentials/erasure.ts'
import { createHealthSchedule } from './health/schedule.ts'
import { loadAssets } from './http/assets.ts'
import { serverOptions } from './http/server-options.ts'
import type { Log } from './log.ts'
import { createNotifying } from './notify.ts'
import { packageRoot } from './package-root.ts'
import { allRoutes } from './routes.ts'
import { createSample } from './sample/sample.ts'
import { createSchedule } from './schedule.ts'
import { createScheduling } from './schedules/scheduling.ts'
import { createFilling } from './search/filling.ts'
import { createServices, type Services } from './services.ts'
import { createProvenEdits } from './sign-ins/proven-edits.ts'
import { createTypedAccounts } from './sign-ins/typed-accounts.ts'
import { createFileStore } from './storage/create-file-store.ts'

/** What serves people: the app, and what must be closed after it. */
export type Web = ReturnType<typeof createWeb>

/** Wires services and routes to the web app of a serving process. */
export function createWeb({ config, composition, log }: { config: Config; composition: Composition; log: Log }) {
  const { db, keys, ledger, database } = composition
  const { deployment, origin, trustProxy } = config
  const egress = withEmbedded(config.egress, database.embedded)
  const connector = createConnector({
    policy: egress,
    workerFile: join(packageRoot(), 'dist/worker.cjs'),
  })
  const services = createServices({ db, ledger, ...keys, deployment, connector, egress })
  const accounts = createAccounts({ db, ledger, guard: services.guard, deployment })
  const { directory, scratch, quota } = config.snapshots
  const files = createFileStore(config.snapshots)
  const catalog = createCatalog({ db, ...services, directory, files, scratch, quota, deployment, log })
  // Said at once; whatever else there is works without it.
  files.check().catch((error: unknown) => log.error('snapshots cannot be kept', error))
  catalog.start()
  const analysis = analysisFor(config)
  const computing = createComputing({ db, ...services, catalog, analysis, log })
  computing.start()
  const scheduling = createScheduling({ db, ...services, catalog, computing, deployment, log })
  const { schedules, scheduleQueries, besides, runner } = scheduling
  runner.start().catch((error: unknown) => log.error('schedules do not run', error))
  const bulk = createBulk({ db, ...services, deployment, log })
  bulk.runs.startSweeping()
  const healthSchedule = createHealthSchedule({ ...services, log })
  healthSchedule.start()
  const erasure = createErasure({ db, guard: services.guard, log })
  erasure.start()
  const notifying = createNotifying({ db, guard: services.guard, config, log })
  notifying.start()
  const filling = createSchedule({
    work: async (signal) => void (await createFilling(db).once(signal)),
    failure: 'search not filled in',
    log,
    milliseconds: 600_000,
  })
  filling.start()
  const provenEdits = createProvenEdits({ db, ...services, log })
  provenEdits.start()
  const assets = loadAssets()
  const addSample = sampleFor(database.embedded, services)
  const ready = () => db.execute('select 1')
  const typedAccounts = createTypedAccounts()
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
    sendsEmail: config.mail !== null,
  }
  const routes = allRoutes({ ...services, ...accounts, ...pages })
  const app = createApp({
    origin,
    trustProxy,
    log,
    sessions: accounts.sessions,
    assets,
    routes,
    recordRefusal: services.guard.recordRefusal,
  })
  const { sessions } = accounts
  const sessionSweep = createSchedule({
    work: sessions.sweep,
    failure: 'sessions not swept',
    log,
    milliseconds: 3_600_000,
  })
  sessionSweep.start()
  return {
    app,
    serverOptions,
    setup: accounts.setup,
    /**
     * Health checks, tried edits, bulk work and snapshots first: they end as interrupted while there is still a connector and a
     * database to end them with. Scheduled ones are given back then.
     */
    async close(): Promise<void> {
      await sessionSweep.close()
      await healthSchedule.close()
      await erasure.close()
      await notifying.close()
      await filling.close()
      await provenEdits.close()
      await bulk.runs.close()
      await runner.stop()
      await computing.close()
      await catalog.close()
      await runner.close()
      await analysis.close()
      typedAccounts.close()
      await connector.close()
    },
  }
}

function analysisFor({ dataDirectory }: Config) {
  return createAnalysis({
    workerFile: join(packageRoot(), 'dist/analyst.cjs'),
    scratchDirectory: join(dataDirectory, 'scratch'),
  })
}

function sampleFor(server: Composition['database']['embedded'], services: Services) {
  if (server === null) return null
  const sample = createSample({ server, ...services })
  return (actor: UserActor) => sample.add(actor)
}

/** The embedded server is on loopback, which is refused unless it is listed; it lists itself, with its port alone. */
function withEmbedded(policy: EgressPolicy, embedded: Composition['database']['embedded']): EgressPolicy {
  if (embedded === null) return policy
  const { host, port } = embedded
  return { ...policy, allow: [...policy.allow, { kind: 'range', range: `${host}/32`, ports: [port, port] }] }
}

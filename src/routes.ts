import type { UserActor } from './access/actor.ts'
import type { Deployment } from './access/features.ts'
import type { Accounts } from './accounts.ts'
import type { Bulk } from './bulk/bulk.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { Computing } from './catalog/computing.ts'
import type { Assets } from './http/assets.ts'
import { accountRoutes } from './http/routes/account.tsx'
import { activityRoutes } from './http/routes/activity.tsx'
import { additionRoutes } from './http/routes/additions.tsx'
import { adminRoutes } from './http/routes/admin.tsx'
import { analysisRoutes } from './http/routes/analyses.tsx'
import { associationRoutes } from './http/routes/associations.tsx'
import { bulkRoutes } from './http/routes/bulk.tsx'
import { catalogRoutes } from './http/routes/catalog.tsx'
import { combineRoutes } from './http/routes/combine.tsx'
import { connectionRoutes } from './http/routes/connections.tsx'
import { credentialHistoryRoutes } from './http/routes/credential-history.tsx'
import { credentialSharingRoutes } from './http/routes/credential-sharing.tsx'
import { credentialRoutes } from './http/routes/credentials.tsx'
import { datasetAccountRoutes } from './http/routes/dataset-accounts.tsx'
import { datasetChangeRoutes } from './http/routes/dataset-changes.tsx'
import { datasetSharingRoutes } from './http/routes/dataset-sharing.tsx'
import { datasetRoutes } from './http/routes/datasets.tsx'
import { egressRoutes } from './http/routes/egress.tsx'
import { expiryRoutes } from './http/routes/expiry.tsx'
import { healthRoutes } from './http/routes/health.tsx'
import { helpRoutes } from './http/routes/help.tsx'
import { homeRoutes } from './http/routes/home.tsx'
import { loginRoutes } from './http/routes/login.tsx'
import { maintenanceRoutes } from './http/routes/maintenance.tsx'
import { notificationRoutes } from './http/routes/notifications.tsx'
import { provenEditRoutes } from './http/routes/proven-edits.tsx'
import { scheduleRoutes } from './http/routes/schedules.tsx'
import { searchRoutes } from './http/routes/search.tsx'
import { setupRoutes } from './http/routes/setup.tsx'
import { sharingRoutes } from './http/routes/sharing.tsx'
import { signInRoutes } from './http/routes/sign-ins.tsx'
import { storageRoutes } from './http/routes/storage.tsx'
import type { Routes } from './http/routing.ts'
import type { Log } from './log.ts'
import type { Besides } from './schedules/beside.ts'
import type { ScheduleQueries } from './schedules/queries.ts'
import type { Schedules } from './schedules/schedules.ts'
import type { Services } from './services.ts'
import type { ProvenEdits } from './sign-ins/proven-edits.ts'
import type { TypedAccounts } from './sign-ins/typed-accounts.ts'

/** What the pages stand on. */
export type RouteDependencies = Services &
  Accounts & {
    readonly catalog: Omit<Catalog, 'snapshots' | 'sweep' | 'start' | 'close'>
    readonly computing: Pick<Computing, 'analyses' | 'combine' | 'lineage'>
    readonly schedules: Schedules
    readonly scheduleQueries: ScheduleQueries
    readonly besides: Besides
    readonly provenEdits: ProvenEdits
    readonly bulk: Bulk
    readonly typedAccounts: TypedAccounts
    readonly assets: Assets
    readonly log: Log
    readonly deployment: Deployment
    /** Whether a mail server is set up. */
    readonly sendsEmail: boolean
    /** Resolves when the database answers. */
    readonly ready: () => Promise<unknown>
    /** Adds the sample; null without the embedded server. */
    readonly addSample: ((actor: UserActor) => Promise<unknown>) | null
  }

/** Returns the routes of every room. The tests that go over all routes start here too. */
export function allRoutes(services: RouteDependencies): Routes[] {
  const deps = { ...services, ...services.catalog }
  return [
    homeRoutes(deps),
    setupRoutes(deps),
    loginRoutes(deps),
    accountRoutes(deps),
    adminRoutes(deps),
    egressRoutes(deps),
    storageRoutes(deps),
    // Before the routes of one credential: `/credentials/shared` is no id.
    credentialSharingRoutes(deps),
    // Before the routes of one credential: `/credentials/bulk` is no id.
    bulkRoutes(deps),
    credentialRoutes(deps),
    credentialHistoryRoutes(deps),
    expiryRoutes(deps),
    provenEditRoutes(deps),
    associationRoutes(deps),
    connectionRoutes(deps),
    sharingRoutes(deps),
    signInRoutes(deps),
    healthRoutes(deps),
    maintenanceRoutes(deps),
    activityRoutes(deps),
    notificationRoutes(deps),
    searchRoutes(deps),
    helpRoutes(),
    // Before the routes of one dataset: `/catalog/add`, `/catalog/combine` and `/catalog/deleted` are no ids.
    catalogRoutes(deps),
    combineRoutes(deps),
    analysisRoutes(deps),
    additionRoutes(deps),
    datasetChangeRoutes(deps),
    datasetAccountRoutes(deps),
    datasetSharingRoutes(deps),
    datasetRoutes(deps),
    scheduleRoutes(deps),
  ]
}

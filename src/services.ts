import { createFeatures, type Deployment } from './access/features.ts'
import { createGuard } from './access/guard.ts'
import { createActivity } from './audit/activity.ts'
import type { Ledger } from './audit/ledger.ts'
import { createDatasetKeys } from './catalog/dataset-keys.ts'
import { createConnectionActivity } from './connections/activity.ts'
import { createConnections } from './connections/connections.ts'
import { createOutgoing } from './connections/outgoing.ts'
import { createConnectionQueries } from './connections/queries.ts'
import { createSharing } from './connections/sharing.ts'
import type { Connector } from './connector/driver.ts'
import type { EgressPolicy } from './connector/outlook.ts'
import { createBreaker } from './credentials/breaker.ts'
import { createHistory } from './credentials/history.ts'
import { createMaintenance } from './credentials/maintenance.ts'
import { createProvenEditQueries } from './credentials/proven-edit-queries.ts'
import { createCredentialQueries } from './credentials/queries.ts'
import { createSharedAccounts } from './credentials/shared-accounts.ts'
import { createCredentialSharing } from './credentials/sharing.ts'
import { createVault } from './credentials/vault.ts'
import type { Database } from './db/client.ts'
import { createHealth } from './health/health.ts'
import { createLooks } from './health/looks.ts'
import { createChoices } from './notifications/choices.ts'
import { createInbox } from './notifications/inbox.ts'
import { createSearch } from './search/search.ts'
import type { Keyring } from './secrets/keyring.ts'
import { createSavingAccounts } from './sign-ins/save-and-sign-in.ts'
import { createSignIns } from './sign-ins/sign-ins.ts'
import { createConnectionUse } from './sign-ins/use-connection.ts'

/** What the domain services stand on. */
export type ServiceDependencies = {
  readonly db: Database
  readonly ledger: Ledger
  readonly keyring: Keyring
  readonly deploymentId: string
  readonly deployment: Deployment
  readonly connector: Connector
  /** Where connections may go. */
  readonly egress: EgressPolicy
}

export type Services = ReturnType<typeof createServices>

/** Returns every domain service of a process, wired to each other. */
export function createServices(deps: ServiceDependencies) {
  const { db, ledger, keyring, deploymentId, deployment, connector, egress } = deps
  const guard = createGuard({ db, ledger, deployment })
  const features = createFeatures({ guard, reader: db, deployment })
  const connections = createConnections({ guard })
  const connectionQueries = createConnectionQueries({ db, guard })
  const sharing = createSharing({ db, guard })
  const connectionActivity = createConnectionActivity({ db, queries: connectionQueries })
  const vault = createVault({ guard, keyring, deploymentId })
  const breaker = createBreaker({ db, guard })
  const maintenance = createMaintenance({ db, guard })
  const credentialQueries = createCredentialQueries({ db, guard })
  const provenEditQueries = createProvenEditQueries({ db, guard })
  const credentialSharing = createCredentialSharing({ db, guard, queries: credentialQueries })
  const shared = createSharedAccounts({ db, guard, connections: connectionQueries, deployment })
  const history = createHistory({ db, queries: credentialQueries })
  const queried = { queries: connectionQueries, shared }
  const use = createConnectionUse({ db, guard, vault, breaker, connector, ...queried, deployment })
  const signIns = createSignIns({ db, use, queries: connectionQueries })
  const saving = createSavingAccounts({ vault, queries: credentialQueries, connections: connectionQueries, signIns })
  const activity = createActivity({ db })
  const health = createHealth({ db, guard, queries: connectionQueries })
  const looks = createLooks({ db, signIns, breaker, queries: connectionQueries, deployment })
  const outgoing = createOutgoing({ guard, egress })
  const datasetKeys = createDatasetKeys({ db, keyring, deploymentId })
  const inbox = createInbox({ db, deployment })
  const choices = createChoices({ db, guard })
  const search = createSearch({ db, deployment, credentialQueries, shared })
  const care = { breaker, maintenance, credentialSharing, shared, history, provenEditQueries }
  const accounts = { vault, credentialQueries, ...care, use, signIns, saving }
  const places = { connections, connectionQueries, sharing, connectionActivity, outgoing }
  return { guard, features, ...places, ...accounts, health, looks, activity, inbox, choices, search, datasetKeys }
}

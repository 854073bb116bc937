import type { Deployment } from '../access/features.ts'
import type { Guard } from '../access/guard.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { Computing } from '../catalog/computing.ts'
import type { ConnectionQueries } from '../connections/queries.ts'
import type { Breaker } from '../credentials/breaker.ts'
import type { Database } from '../db/client.ts'
import type { Log } from '../log.ts'
import type { ConnectionUse } from '../sign-ins/use-connection.ts'
import { createAttempts } from './attempts.ts'
import { createBesides } from './beside.ts'
import { createDue } from './due.ts'
import { createObstacles } from './obstacle.ts'
import { createScheduleQueries } from './queries.ts'
import { createQueue } from './queue.ts'
import { createRetention } from './retention.ts'
import { createRunner } from './runner.ts'
import { createSchedules } from './schedules.ts'
import { createSettling } from './settle.ts'

export type Scheduling = ReturnType<typeof createScheduling>

/** Returns the services of the schedules of datasets, wired to each other. */
export function createScheduling(deps: {
  db: Database
  guard: Guard
  use: Pick<ConnectionUse, 'accounts'>
  breaker: Breaker
  connectionQueries: ConnectionQueries
  catalog: Pick<Catalog, 'datasets' | 'datasetQueries'>
  computing: Pick<Computing, 'combine' | 'lineage'>
  deployment: Deployment
  log: Log
  /** Runs at the same time in this process. */
  together?: number
}) {
  const { catalog, computing, ...its } = deps
  const { datasets, datasetQueries } = catalog
  const { combine, lineage } = computing
  const queue = createQueue(its)
  const obstacles = createObstacles({ ...its, datasetQueries })
  const settling = createSettling({ ...its, queue })
  const retention = createRetention(its)
  const due = createDue({ ...its, queue })
  const attempts = createAttempts({ ...its, queue, obstacles, settling, datasets, combine, retention })
  const schedules = createSchedules({ ...its, queue, obstacles })
  return {
    schedules,
    besides: createBesides({ ...its, datasets, datasetQueries, schedules }),
    scheduleQueries: createScheduleQueries({ ...its, datasetQueries, lineage }),
    runner: createRunner({ ...its, queue, due, attempts, settling, retention }),
    retention,
  }
}

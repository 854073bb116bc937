import type { Deployment } from '../access/features.ts'
import type { Guard } from '../access/guard.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { ConnectionQueries } from '../connections/queries.ts'
import type { Breaker } from '../credentials/breaker.ts'
import type { Database } from '../db/client.ts'
import type { Log } from '../log.ts'
import type { ConnectionUse } from '../sign-ins/use-connection.ts'
import { createAttempts } from './attempts.ts'
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
  deployment: Deployment
  log: Log
  /** Runs at the same time in this process. */
  together?: number
}) {
  const { catalog, ...its } = deps
  const { datasets, datasetQueries } = catalog
  const queue = createQueue(its)
  const obstacles = createObstacles({ ...its, datasetQueries })
  const settling = createSettling({ ...its, queue })
  const retention = createRetention(its)
  const due = createDue({ ...its, queue })
  const attempts = createAttempts({ ...its, queue, obstacles, settling, datasets, retention })
  return {
    schedules: createSchedules({ ...its, queue, obstacles }),
    scheduleQueries: createScheduleQueries({ ...its, datasetQueries }),
    runner: createRunner({ ...its, queue, due, attempts, settling, retention }),
    retention,
  }
}

import { eq } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import { type Deployment, featureEnabled } from '../access/features.ts'
import { Forbidden, NotFound } from '../access/refusals.ts'
import type { DatasetQueries } from '../catalog/queries.ts'
import type { ConnectionQueries } from '../connections/queries.ts'
import type { Database } from '../db/client.ts'
import { datasets } from '../db/schema/catalog.ts'
import { users } from '../db/schema/organizations.ts'
import type { ConnectionUse } from '../sign-ins/use-connection.ts'
import type { ScheduleRow } from './rows.ts'

type UserRow = typeof users.$inferSelect

/** Where a run signs in, and with which stored account. */
export type StoredPlace = { readonly connectionId: string; readonly credentialId: string }

/** What a run of a schedule works with, where nothing is in its way; no place for a dataset that is made of others. */
export type Clear = { readonly actor: UserActor; readonly place: StoredPlace | null }

/** Or why its runs can no longer be made, with the next step, in sentences. */
export type Way = { readonly ok: true; readonly clear: Clear } | { readonly ok: false; readonly reason: string }

export type Obstacles = ReturnType<typeof createObstacles>

/** Looks whether who set a schedule could still do by hand what it does for them. */
export function createObstacles(deps: {
  db: Database
  use: Pick<ConnectionUse, 'accounts'>
  connectionQueries: Pick<ConnectionQueries, 'show'>
  datasetQueries: Pick<DatasetQueries, 'show'>
  deployment: Deployment
}) {
  const { db, use, connectionQueries, datasetQueries, deployment } = deps

  /** The name of the connection of a dataset, where its user may still know of it. */
  async function connectionOf(actor: UserActor, id: string): Promise<string | null> {
    try {
      return (await connectionQueries.show(actor, id)).name
    } catch (error) {
      if (error instanceof NotFound) return null
      throw error
    }
  }

  async function mayRefresh(actor: UserActor, datasetId: string): Promise<boolean> {
    try {
      await datasetQueries.show(actor, datasetId, 'dataset.refresh')
      return true
    } catch (error) {
      if (error instanceof NotFound || error instanceof Forbidden) return false
      throw error
    }
  }

  return {
    /** Returns what a run needs, or why there can be none. Of a dataset that is gone nothing is said but that. */
    async find(schedule: Pick<ScheduleRow, 'datasetId' | 'credentialId' | 'setBy'>): Promise<Way> {
      const { datasetId, credentialId, setBy } = schedule
      const [user] = await db.select().from(users).where(eq(users.id, setBy))
      const [dataset] = await db.select().from(datasets).where(eq(datasets.id, datasetId))
      if (user === undefined || dataset === undefined) return no('The dataset is gone.')
      if (user.disabledAt !== null) return no(reasons.disabled(user.name))
      const actor = actorFor(user)
      const { connectionId, inputs } = dataset
      const isCombined = inputs !== null
      const isOff = !isCombined && !(await featureEnabled(db, deployment, actor, 'stored_credentials'))
      if (isOff) return no(reasons.feature(user.name))
      if (!(await mayRefresh(actor, datasetId))) return no(reasons.role(user.name))
      // Whether what it is made of may still be read, is decided when it is.
      if (isCombined) return { ok: true, clear: { actor, place: null } }
      if (connectionId === null) return no(reasons.connectionGone)
      if (credentialId === null) return no(reasons.accountGone)
      const name = await connectionOf(actor, connectionId)
      if (name === null) return no(reasons.withdrawn(user.name))
      const account = (await use.accounts(actor, connectionId)).find((one) => one.credentialId === credentialId)
      if (account === undefined) return no(reasons.notUsable(name, user.name))
      if (account.destinationChanged) return no(reasons.moved(name))
      return { ok: true, clear: { actor, place: { connectionId, credentialId } } }
    },
  }
}

function no(reason: string): Way {
  return { ok: false, reason }
}

const reasons = {
  disabled: (name: string) =>
    `The account of ${name}, who set this schedule, was disabled. Have an administrator enable it, then resume the schedule.`,
  feature: (name: string) =>
    `Stored credentials are switched off for ${name}, who set this schedule. An administrator can switch them on under Feature access; then resume it.`,
  role: (name: string) =>
    `${name}, who set this schedule, may no longer refresh this dataset. Another owner can save it again, in their name.`,
  connectionGone:
    'The data connection of this dataset was deleted, so it can no longer be refreshed. Delete the schedule; the data stays.',
  accountGone: 'The credentials it used were deleted. Choose another account below; saving it resumes the schedule.',
  withdrawn: (name: string) =>
    `The data connection is no longer shared with ${name}, who set this schedule. Ask one of its owners to share it again, then resume the schedule.`,
  notUsable: (connection: string, name: string) =>
    `The account is no longer associated with ${connection}, or no longer shared with ${name}. Associate it again or choose another account below, then resume the schedule.`,
  moved: (connection: string) =>
    `The destination of ${connection} changed since the account was associated with it. Confirm the new destination under Credentials management, then resume the schedule.`,
}

/** Someone as who they are, without a request of theirs. */
function actorFor({ id, organizationId, role, name, email }: UserRow): UserActor {
  return { kind: 'user', id, organizationId, role, name, email, address: null, requestId: null }
}

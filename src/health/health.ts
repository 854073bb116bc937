import { desc, eq } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import { type ConnectionResource, findConnection } from '../connections/connections.ts'
import type { AssociatedCredential, ConnectionQueries } from '../connections/queries.ts'
import { isHeld } from '../credentials/maintenance.ts'
import type { Database } from '../db/client.ts'
import { connectionHealth, connections } from '../db/schema/connections.ts'
import { credentials } from '../db/schema/credentials.ts'
import type { Look } from './outcome.ts'

/** How often a connection may be tried by itself, in minutes. */
export const intervals = [15, 60, 360, 1440] as const

/** The schedule of one connection, with what came of it. */
export type Health = {
  /** Null while it is off. */
  readonly minutes: number | null
  readonly credentialId: string | null
  readonly nextAt: Date | null
  /** Why its account is not used by itself at the moment, whoever owns it; null where it is. */
  readonly waits: Waits | null
  /** The last 90, the newest first. */
  readonly looks: readonly Look[]
  /** The actor's accounts to choose from, the default first. */
  readonly accounts: readonly AssociatedCredential[]
}

/** A pause after a refusal, with its code, or a maintenance window, with its end. */
export type Waits =
  | { readonly because: 'paused'; readonly code: string; readonly at: Date }
  | { readonly because: 'held'; readonly until: Date }

export type HealthSetting = { readonly minutes: number; readonly credentialId: string } | null
export type ConfigureOutcome = { readonly ok: true } | { readonly ok: false; readonly field: 'every' | 'account' }

export type HealthService = ReturnType<typeof createHealth>

/** The service with which owners have their connections tried by themselves. */
export function createHealth(deps: { db: Database; guard: Guard; queries: ConnectionQueries; now?: () => Date }) {
  const { db, guard, queries, now = () => new Date() } = deps
  return {
    /** Returns the schedule of a connection that the actor may see. */
    async show(actor: UserActor, id: string): Promise<Health> {
      const accounts = await queries.associatedCredentials(actor, id)
      const [row] = await db
        .select(columns)
        .from(connections)
        .leftJoin(credentials, eq(credentials.id, connections.healthCredentialId))
        .where(eq(connections.id, id))
      const looks = await db
        .select({ at: connectionHealth.at, code: connectionHealth.code, milliseconds: connectionHealth.milliseconds })
        .from(connectionHealth)
        .where(eq(connectionHealth.connectionId, id))
        .orderBy(desc(connectionHealth.at))
        .limit(90)
      const { minutes = null, credentialId = null, nextAt = null } = row ?? {}
      return { minutes, credentialId, nextAt, waits: row ? waitsOf(row, now()) : null, looks, accounts }
    },

    /** Has the connection tried in that interval with one of the actor's accounts, from now on; null turns it off. */
    async configure(actor: UserActor, id: string, setting: HealthSetting): Promise<ConfigureOutcome> {
      const accounts = await queries.associatedCredentials(actor, id)
      if (setting !== null) {
        const { minutes, credentialId } = setting
        if (!intervals.some((one) => one === minutes)) return { ok: false, field: 'every' }
        if (!accounts.some((one) => one.credentialId === credentialId)) return { ok: false, field: 'account' }
      }
      return guard.change<{ ok: true }, ConnectionResource>(
        actor,
        'connection.set-health',
        (tx) => findConnection(tx, id, 'update'),
        async ({ tx, note }) => {
          const { minutes = null, credentialId = null } = setting ?? {}
          const set = { healthMinutes: minutes, healthCredentialId: credentialId }
          const healthNextAt = setting === null ? null : now()
          await tx
            .update(connections)
            .set({ ...set, healthNextAt })
            .where(eq(connections.id, id))
          note({ minutes: minutes ?? 0 })
          return { ok: true }
        },
        { id },
      )
    },
  }
}

const columns = {
  minutes: connections.healthMinutes,
  credentialId: connections.healthCredentialId,
  nextAt: connections.healthNextAt,
  pausedAt: credentials.pausedAt,
  pausedCode: credentials.pausedCode,
  heldFrom: credentials.heldFrom,
  heldUntil: credentials.heldUntil,
}

type Account = Pick<typeof credentials.$inferSelect, 'heldFrom' | 'heldUntil' | 'pausedAt' | 'pausedCode'>

function waitsOf(account: Account, at: Date): Waits | null {
  const { pausedAt, pausedCode, heldUntil } = account
  if (pausedAt !== null) return { because: 'paused', code: pausedCode ?? '', at: pausedAt }
  return heldUntil !== null && isHeld(account, at) ? { because: 'held', until: heldUntil } : null
}

import { desc, eq } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import { type ConnectionResource, findConnection } from '../connections/connections.ts'
import type { AssociatedCredential, ConnectionQueries } from '../connections/queries.ts'
import type { Database, Transaction } from '../db/client.ts'
import { connectionHealth, connections } from '../db/schema/connections.ts'
import type { Look } from './outcome.ts'

/** How often a connection may be tried by itself, in minutes. */
export const intervals = [15, 60, 360, 1440] as const

/** The schedule of one connection, with what came of it. */
export type Health = {
  /** Null while it is off. */
  readonly minutes: number | null
  readonly credentialId: string | null
  readonly nextAt: Date | null
  /** The refusal that stopped it; null while it is not stopped. */
  readonly stoppedCode: string | null
  /** The last 90, the newest first. */
  readonly looks: readonly Look[]
  /** The actor's accounts to choose from, the default first. */
  readonly accounts: readonly AssociatedCredential[]
}

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
      const [row] = await db.select(columns).from(connections).where(eq(connections.id, id))
      const looks = await db
        .select({ at: connectionHealth.at, code: connectionHealth.code, milliseconds: connectionHealth.milliseconds })
        .from(connectionHealth)
        .where(eq(connectionHealth.connectionId, id))
        .orderBy(desc(connectionHealth.at))
        .limit(90)
      return { ...(row ?? off), looks, accounts }
    },

    /**
     * Has the connection tried in that interval with one of the actor's accounts, from now on; null turns it off. What was
     * stopped by a refusal of the same account stays so until it is resumed.
     */
    async configure(actor: UserActor, id: string, setting: HealthSetting): Promise<ConfigureOutcome> {
      const accounts = await queries.associatedCredentials(actor, id)
      if (setting !== null) {
        const { minutes, credentialId } = setting
        if (!intervals.some((one) => one === minutes)) return { ok: false, field: 'every' }
        if (!accounts.some((one) => one.credentialId === credentialId)) return { ok: false, field: 'account' }
      }
      return change(actor, id, async (tx, row) => {
        const stays =
          setting !== null && row.healthStoppedCode !== null && row.healthCredentialId === setting.credentialId
        await tx
          .update(connections)
          .set({
            healthMinutes: setting?.minutes ?? null,
            healthCredentialId: setting?.credentialId ?? null,
            healthNextAt: setting === null || stays ? null : now(),
            healthStoppedCode: stays ? row.healthStoppedCode : null,
          })
          .where(eq(connections.id, id))
        return { minutes: setting?.minutes ?? 0 }
      })
    },

    /** Tries again, at once, what a refusal had stopped. */
    async resume(actor: UserActor, id: string): Promise<void> {
      await change(actor, id, async (tx, row) => {
        const wanted = row.healthMinutes !== null && row.healthStoppedCode !== null
        const resumed = { healthStoppedCode: null, healthNextAt: now() }
        if (wanted) await tx.update(connections).set(resumed).where(eq(connections.id, id))
        return { minutes: row.healthMinutes ?? 0, resumed: wanted }
      })
    },
  }

  function change(
    actor: UserActor,
    id: string,
    effect: (tx: Transaction, row: ConnectionResource['row']) => Promise<Readonly<Record<string, number | boolean>>>,
  ): Promise<{ readonly ok: true }> {
    return guard.change<{ ok: true }, ConnectionResource>(
      actor,
      'connection.set-health',
      (tx) => findConnection(tx, id, 'update'),
      async ({ tx, note }, { row }) => {
        note(await effect(tx, row))
        return { ok: true }
      },
      { id },
    )
  }
}

const columns = {
  minutes: connections.healthMinutes,
  credentialId: connections.healthCredentialId,
  nextAt: connections.healthNextAt,
  stoppedCode: connections.healthStoppedCode,
}

const off = { minutes: null, credentialId: null, nextAt: null, stoppedCode: null }

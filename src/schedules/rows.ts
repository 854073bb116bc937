import { eq, inArray, sql } from 'drizzle-orm'
import type { Transaction } from '../db/client.ts'
import { newId } from '../db/new-id.ts'
import { scheduleRuns, type schedules } from '../db/schema/schedules.ts'
import type { NewJob } from './queue.ts'
import type { Rule } from './rule.ts'

export type ScheduleRow = typeof schedules.$inferSelect
export type RunRow = typeof scheduleRuns.$inferSelect
export type RunState = RunRow['state']

/** Returns the rule of a schedule. What is in the column was parsed before it was written. */
export function ruleOf(schedule: Pick<ScheduleRow, 'rule'>): Rule {
  return schedule.rule as Rule
}

/** Returns the key under which the job of a run waits: its schedule and the moment it is due. */
export function jobKey(run: Pick<RunRow, 'scheduleId' | 'dueAt'>): string {
  return `${run.scheduleId}/${run.dueAt.toISOString()}`
}

/** Returns the job of a run, to be given out after so many seconds. */
export function jobOf(run: Pick<RunRow, 'id' | 'scheduleId' | 'dueAt'>, afterSeconds = 0): NewJob {
  return { runId: run.id, key: jobKey(run), afterSeconds }
}

/** A run to be written down: one that waits, or one that is missed with the reason why. */
export type NewRun = Pick<RunRow, 'scheduleId' | 'dueAt' | 'trigger'> & { readonly missed: string | null }

/** Writes runs down; resolves with those that nobody had written down before. */
export async function insertRuns(tx: Transaction, runs: readonly NewRun[]): Promise<readonly RunRow[]> {
  if (runs.length === 0) return []
  const rows = runs.map(({ scheduleId, dueAt, trigger, missed }) => ({
    ...{ id: newId(), scheduleId, dueAt, trigger, reason: missed },
    state: missed === null ? ('waiting' as const) : ('missed' as const),
  }))
  return tx.insert(scheduleRuns).values(rows).onConflictDoNothing().returning()
}

/** Sets what has become of a run. */
export async function changeRun(
  tx: Transaction,
  id: string,
  change: Partial<Pick<RunRow, 'state' | 'reason' | 'code'>>,
): Promise<void> {
  await tx
    .update(scheduleRuns)
    .set({ ...change, changedAt: sql`now()` })
    .where(eq(scheduleRuns.id, id))
}

/** Returns the runs of schedules that wait or are being made. */
export async function openRuns(tx: Transaction, scheduleIds: readonly string[]): Promise<readonly RunRow[]> {
  if (scheduleIds.length === 0) return []
  const open = sql`${scheduleRuns.state} in ('waiting', 'running')`
  return tx
    .select()
    .from(scheduleRuns)
    .where(sql`${inArray(scheduleRuns.scheduleId, [...scheduleIds])} and ${open}`)
}

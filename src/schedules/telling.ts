import type { Transaction } from '../db/client.ts'
import { notify } from '../notifications/notify.ts'
import type { RunRow, ScheduleRow } from './rows.ts'

type Whose = Pick<ScheduleRow, 'organizationId' | 'datasetId' | 'setBy'>

/** Tells who set a schedule that a run of it failed for good or was missed; not what they ran by hand, whose page says it. */
export async function tellOfRun(
  tx: Transaction,
  run: RunRow,
  schedule: Whose,
  state: 'failed' | 'missed',
): Promise<void> {
  const told = { ...whom(schedule), key: run.id }
  if (state === 'failed') {
    await notify(tx, { ...told, event: 'schedule.failed', details: { version: run.versionNumber } })
  } else if (run.trigger === 'schedule') await notify(tx, { ...told, event: 'schedule.missed', details: { times: 1 } })
}

/**
 * Tells who set a schedule that runs of it were missed which nobody began: once for all of them, and that there were `more`
 * than these where there were. None of them is made up for, so that the newest stands for all.
 */
export async function tellOfMissed(
  tx: Transaction,
  runs: readonly RunRow[],
  schedule: Whose,
  more: boolean,
): Promise<void> {
  const [newest] = runs.toSorted((a, b) => b.dueAt.getTime() - a.dueAt.getTime())
  if (newest === undefined) return
  const details = { times: runs.length, ...(more ? { more } : {}) }
  await notify(tx, { ...whom(schedule), key: newest.id, event: 'schedule.missed', details })
}

/** Tells who set a schedule that Keyward disabled it. */
export async function tellOfDisabled(tx: Transaction, schedule: Whose): Promise<void> {
  await notify(tx, { ...whom(schedule), event: 'schedule.disabled', details: {} })
}

function whom({ organizationId, datasetId, setBy }: Whose) {
  return { organizationId, userId: setBy, about: { type: 'dataset' as const, id: datasetId } }
}

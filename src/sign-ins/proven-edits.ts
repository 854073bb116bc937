import { system } from '../access/actor.ts'
import type { Vault } from '../credentials/vault.ts'
import type { Database } from '../db/client.ts'
import type { Log } from '../log.ts'
import { createSchedule } from '../schedule.ts'
import type { SignIns } from './sign-ins.ts'
import { createTrialRows } from './trial-rows.ts'
import { createTrials } from './trials.ts'
import type { ConnectionUse } from './use-connection.ts'

export type ProvenEdits = ReturnType<typeof createProvenEdits>

/** Returns what tries edits in this process, and clears up after the edits of any: `Trials`, with a sweep. */
export function createProvenEdits(deps: {
  db: Database
  vault: Pick<Vault, 'expireEdit'>
  use: Pick<ConnectionUse, 'run'>
  signIns: Pick<SignIns, 'create'>
  log: Log
  beatMilliseconds?: number
  sweepMilliseconds?: number
}) {
  const { db, vault, use, signIns, log, beatMilliseconds, sweepMilliseconds = 15_000 } = deps
  const rows = createTrialRows(db)
  const beat = beatMilliseconds === undefined ? {} : { beatMilliseconds }
  const trials = createTrials({ use, signIns, rows, log, ...beat })

  async function sweep(): Promise<void> {
    const ended = await rows.endSilent()
    if (ended > 0) log.warn('edits tried by a process that died were interrupted', { edits: ended })
    for (const { id, credentialId } of await rows.due()) await vault.expireEdit(system, credentialId, id)
  }

  const schedule = createSchedule({
    work: sweep,
    failure: 'sweep of edits failed',
    log,
    milliseconds: sweepMilliseconds,
  })

  return {
    begin: trials.begin,
    end: trials.end,
    idle: trials.idle,

    /** Interrupts edits whose process has died, and erases pending versions whose hour is over. */
    sweep,

    /** Sweeps now and from now on, every `sweepMilliseconds`; what fails is logged and tried again. */
    start: schedule.start,

    /** Stops sweeping and interrupts what is being tried here. Call it before the connector and the database are closed. */
    async close(): Promise<void> {
      await schedule.close()
      await trials.close()
    },
  }
}

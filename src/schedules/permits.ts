import { setTimeout as pause } from 'node:timers/promises'
import type { Breaker, Occasion } from '../credentials/breaker.ts'
import type { StoredPlace } from './obstacle.ts'
import { AccountBusy, AccountWaits } from './outcome.ts'
import type { RunRow } from './rows.ts'

/** What the ledger says a run was for, and the list of what was missed. */
export const purpose = 'scheduled snapshot'

/** What a run holds while it signs in. */
export type Permit = {
  /** Asked before each attempt. Throws AccountWaits and AccountBusy. */
  occasion(): Promise<Occasion>
  giveBack(): Promise<void>
}

/** How long a run waits for an account that something else signs in with, before it is put off, in milliseconds. */
const patience = 2000

type Deps = { readonly breaker: Pick<Breaker, 'permit' | 'release'> }

/**
 * Takes what a run signs in with: a person's leave where one waits for it, or the permit of the breaker. Throws AccountWaits
 * and AccountBusy. Give it back.
 */
export async function takePermit({ breaker }: Deps, run: RunRow, place: StoredPlace): Promise<Permit> {
  const first = await admit({ breaker }, run, place)
  let held: Occasion | undefined = first
  let isUsed = false
  const giveBack = async () => {
    const had = held
    held = undefined
    if (had !== undefined && typeof had !== 'string') await breaker.release(had)
  }
  return {
    giveBack,
    async occasion() {
      // Another is asked for where the connector had no room for the first, or it was over before it was used.
      if (isUsed) {
        await giveBack()
        held = await admit({ breaker }, run, place)
      }
      isUsed = true
      return held ?? first
    },
  }
}

async function admit({ breaker }: Deps, run: RunRow, { credentialId, connectionId }: StoredPlace): Promise<Occasion> {
  if (run.trigger === 'by hand') return 'by hand'
  for (let waited = 0; ; waited += 100) {
    const answer = await breaker.permit({ credentialId, connectionId, purpose })
    if (answer.ok) return answer.permit
    if (answer.because === 'paused' || answer.because === 'held') throw new AccountWaits(answer.because)
    if (answer.because === 'gone' || waited >= patience) throw new AccountBusy()
    await pause(100)
  }
}

import type { AssociatedCredential } from '../../src/connections/queries.ts'
import { absoluteTime } from '../ui/time.tsx'

/** Returns what tells a stored account apart where one is chosen: its username, and why it may not do or is not used by itself. */
export function accountInWords(account: AssociatedCredential): string {
  const { username, destinationChanged, pausedCode, heldUntil } = account
  const words = [
    username,
    destinationChanged ? 'destination changed' : null,
    pausedCode === null ? null : 'paused after a refusal: one sign-in that works ends that',
    heldUntil === null ? null : `maintenance until ${absoluteTime(heldUntil)}: what you start still signs in`,
  ]
  return words.filter((word) => word !== null && word !== '').join(' · ')
}

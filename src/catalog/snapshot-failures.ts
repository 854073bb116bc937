import { NotFound, Refusal } from '../access/refusals.ts'
import { TooBusy } from '../connector/driver.ts'
import { StoreUnreachable } from '../storage/file-store.ts'

/** Said of what nobody expected. */
export const generalMessage =
  'The snapshot could not be made. Try again; if it fails again, ask an administrator to look.'

const storeUnreachable =
  'The rows were read, but the place where snapshots are kept could not be reached, so nothing of them was kept. Create the snapshot again; if it fails again, ask an administrator to run "keyward doctor".'

/** Said of a version that had room when it began. */
export const noRoomLeft =
  'Other snapshots took the room that this one needed, so nothing of it was kept. Delete datasets for good that nobody needs, or ask an administrator to raise the limit under Storage. Then create the snapshot again.'

/** Said of the tables of a basket that were not tried. */
export const refusedBefore =
  'The data store refused this account for another table that was chosen with this one, so it was not tried again. Store the right secret or choose another account, then create the snapshot again.'

/** Returns what people are told of an error that ended a snapshot, with the next step. */
export function sentenceFor(error: unknown): string {
  if (error instanceof NotFound) {
    return 'The data connection or the account is gone, or you may no longer use it. Choose another account and create the snapshot again.'
  }
  if (error instanceof Refusal) return error.message
  if (error instanceof StoreUnreachable) return storeUnreachable
  if (error instanceof TooBusy) return 'Keyward was too busy for half an hour. Create the snapshot again later.'
  return generalMessage
}

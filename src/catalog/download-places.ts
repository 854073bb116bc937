import { createPlaces, type Places } from '../connector/places.ts'

/**
 * Returns the places of this process for downloads that are written while they are read: each keeps some 30 MB, for as long
 * as its reader likes. Whoever has as many as one may have, or comes when all are taken, waits a moment and is refused.
 */
export function createDownloadPlaces(): Places {
  return createPlaces({ perUser: 4, total: 16, reserved: 0, waiting: 16, waitMilliseconds: 2_000 })
}

import type { CredentialListing } from '../../src/credentials/listing.ts'

/** The search of a listing as an address says it, with whether its rows are being selected. */
export function searchOf(listing: CredentialListing, selecting = false) {
  const { text, type, attention, sort, after } = listing
  return {
    ...(text === undefined ? {} : { q: text }),
    ...(type === undefined ? {} : { type }),
    ...(attention === undefined ? {} : { attention }),
    ...(sort === undefined ? {} : { sort }),
    ...(after === undefined ? {} : { after }),
    ...(selecting ? { select: 'yes' } : {}),
  }
}

import { attentionFilter } from '../../credentials/attention.ts'
import type { CredentialListing, CredentialSort } from '../../credentials/listing.ts'
import { credentialType } from '../../credentials/types/registry.ts'

const sorts: readonly CredentialSort[] = ['name', 'used', 'created', 'expires']

/** Returns the search that an address or a form describes, by its parameters; what is not known in it is left out. */
export function listingOf(asked: Readonly<Record<string, string>>): CredentialListing {
  const { q, type, attention, sort, after } = asked
  return {
    text: q,
    type: credentialType(type ?? '')?.id,
    attention: attentionFilter(attention),
    sort: sorts.find((one) => one === sort),
    after,
  }
}

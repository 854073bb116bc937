/** Who acts. Every method of a domain service takes one first. */
export type Actor = UserActor | SystemActor

/** A signed-in person, as of this request. Holds public ids only: never a session token. */
export type UserActor = {
  readonly kind: 'user'
  readonly id: string
  readonly organizationId: string
  readonly role: 'member' | 'administrator'
  readonly name: string
  readonly email: string
  /** Where the request came from, for the ledger. */
  readonly address: string | null
  readonly requestId: string | null
  /** Whether they have the feature *Stored credentials*; undefined where that was not looked up with them. */
  readonly storedCredentials?: boolean
}

/** Keyward itself: the command line on the server, and work that no person started. */
export type SystemActor = {
  readonly kind: 'system'
  readonly id: null
  /** Null but where it acts for someone not signed in yet, at the first run. */
  readonly address: string | null
  readonly requestId: string | null
}

/** The actor for local commands and background work. */
export const system: SystemActor = { kind: 'system', id: null, address: null, requestId: null }

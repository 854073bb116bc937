import { Refusal } from '../access/refusals.ts'
import { driver, drivers } from '../connector/registry.ts'

/** Returns the ids of the drivers that can sign in with a credential type. */
export function driversAccepting(credentialType: string): readonly string[] {
  return drivers.filter((one) => one.credentialTypes.includes(credentialType)).map(({ id }) => id)
}

/** Returns the credential types that a driver can sign in with; none for one that this version does not have. */
export function acceptedTypes(driverId: string): readonly string[] {
  return driver(driverId)?.credentialTypes ?? []
}

/** Throws TypeNotAccepted where a driver cannot sign in with a credential type. */
export function refuseOtherTypes(driverId: string, credentialType: string): void {
  if (!acceptedTypes(driverId).includes(credentialType)) throw new TypeNotAccepted(driver(driverId)?.label ?? driverId)
}

/** Credentials of one type were to be used where another is needed; nothing was sent. */
export class TypeNotAccepted extends Refusal {
  constructor(label: string) {
    super(`${label} cannot sign in with credentials of this type. Choose others, or add new ones for this connection.`)
  }
}

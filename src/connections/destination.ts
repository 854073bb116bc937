import { createHash } from 'node:crypto'
import { Refusal } from '../access/refusals.ts'
import type { Destination, Parameters } from '../connector/driver.ts'
import { driver } from '../connector/registry.ts'

/** Returns where a secret used on such a connection would go, or undefined where the driver is not known here. */
export function destinationOf(driverId: string, parameters: Parameters): Destination | undefined {
  return driver(driverId)?.destination(parameters)
}

/**
 * Returns the canonical text of a destination: what association grants are bound to. Two destinations have the same text
 * exactly when a secret would go to the same place under the same protection.
 */
export function canonicalDestination(destination: Destination): string {
  const { driver: driverId, host, port, tls, ca } = destination
  const authority = ca === null ? 'system' : `sha256:${createHash('sha256').update(ca).digest('hex')}`
  return `${driverId}://${host.includes(':') ? `[${host}]` : host}:${port} tls=${tls} ca=${authority}`
}

/** Returns how the connection protects a secret on its way, for people: `TLS verified`, `not encrypted` … */
export function protection(tls: Destination['tls']): { readonly text: string; readonly weak: boolean } {
  if (tls === 'verify-full') return { text: 'TLS verified', weak: false }
  if (tls === 'require') return { text: 'TLS, server not verified', weak: true }
  return { text: 'not encrypted', weak: true }
}

type Configured = { readonly driver: string; readonly parameters: Parameters }

/**
 * Returns the canonical text for a stored connection row as it is now, to compare with what was agreed to. That of a driver
 * that is not known here is the text of no destination.
 */
export function currentDestination(connection: Configured): string {
  const destination = destinationOf(connection.driver, connection.parameters)
  return destination === undefined ? `${connection.driver} (unknown)` : canonicalDestination(destination)
}

/** Returns the canonical text to grant a secret for. Throws UnknownDriver. */
export function destinationToGrant(connection: Configured): string {
  if (destinationOf(connection.driver, connection.parameters) === undefined) throw new UnknownDriver(connection.driver)
  return currentDestination(connection)
}

/** A stored connection names a driver that this version of Keyward does not have. */
export class UnknownDriver extends Refusal {
  constructor(id: string) {
    super(`This version of Keyward has no driver "${id}". Install the version that has it.`)
  }
}

import type { Config } from './config.ts'

/** Returns the address for people to open: ORIGIN, or where this process listens (`0.0.0.0` shown as localhost). */
export function browserAddress(config: Pick<Config, 'origin' | 'host'>, port: number): string {
  if (config.origin !== null) return config.origin
  const host = isLoopback(config.host) || isEverything(config.host) ? 'localhost' : config.host
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Returns a warning when passwords would cross a network in the clear, else undefined. */
export function plainHttpWarning(config: Pick<Config, 'origin' | 'host'>): string | undefined {
  if (isLoopback(config.host) || config.origin?.startsWith('https:')) return undefined
  return 'Keyward can be reached from other machines over plain HTTP: passwords would cross the network unencrypted. Put a proxy with HTTPS in front and set ORIGIN to its https address.'
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}

function isEverything(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

import type { DriverClient } from './driver.ts'

/** How the worker loads the talking part of each driver in the registry, by its id. */
export const clients: ReadonlyMap<string, () => Promise<DriverClient>> = new Map([
  ['postgresql', async () => (await import('./drivers/postgresql-client.ts')).client],
  ['clickhouse', async () => (await import('./drivers/clickhouse-client.ts')).client],
])

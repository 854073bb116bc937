import type { DriverClient } from './driver.ts'

/** How the worker loads the talking part of each driver in the registry, by its id. */
export const clients: ReadonlyMap<string, () => Promise<DriverClient>> = new Map([
  ['postgresql', async () => (await import('./drivers/postgresql-client.ts')).client],
  ['mysql', async () => (await import('./drivers/mysql-client.ts')).client],
  ['mariadb', async () => (await import('./drivers/mysql-client.ts')).client],
  ['sqlserver', async () => (await import('./drivers/sqlserver-client.ts')).client],
  ['snowflake', async () => (await import('./drivers/snowflake-client.ts')).client],
  ['s3', async () => (await import('./drivers/s3-client.ts')).client],
  ['https-file', async () => (await import('./drivers/https-file-client.ts')).client],
  ['clickhouse', async () => (await import('./drivers/clickhouse-client.ts')).client],
])

/**
 * Tries out the commonest driver on nobody, so that the first job of this process is not the first time its code runs.
 * Resolves to whether it went well; where it did not, it has only made nothing faster.
 */
export async function rehearse(): Promise<boolean> {
  const { rehearse: once } = await import('./drivers/postgresql-rehearsal.ts')
  return once().catch(() => false)
}

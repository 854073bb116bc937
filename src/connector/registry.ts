import type { Driver } from './driver.ts'
import { clickhouse } from './drivers/clickhouse.ts'
import { postgresql } from './drivers/postgresql.ts'

/** Every kind of data store Keyward can talk to, in the order people choose from. */
export const drivers: readonly Driver[] = [postgresql, clickhouse]

/** Returns the driver with this id, or undefined where this version has none. */
export function driver(id: string): Driver | undefined {
  return drivers.find((one) => one.id === id)
}

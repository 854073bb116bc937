import type { Driver } from './driver.ts'
import { clickhouse } from './drivers/clickhouse.ts'
import { httpsFile } from './drivers/https-file.ts'
import { mariadb, mysql } from './drivers/mysql.ts'
import { postgresql } from './drivers/postgresql.ts'
import { s3 } from './drivers/s3.ts'
import { snowflake } from './drivers/snowflake.ts'
import { sqlserver } from './drivers/sqlserver.ts'

/** Every kind of data store Keyward can talk to, in the order people choose from. */
export const drivers: readonly Driver[] = [postgresql, mysql, mariadb, sqlserver, snowflake, clickhouse, s3, httpsFile]

/** Returns the driver with this id, or undefined where this version has none. */
export function driver(id: string): Driver | undefined {
  return drivers.find((one) => one.id === id)
}

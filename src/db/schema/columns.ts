import { customType, timestamp } from 'drizzle-orm/pg-core'

/** A `bytea` column, read and written as a `Buffer`. */
export const bytes = customType<{ data: Buffer; driverData: Buffer }>({
  dataType: () => 'bytea',
  fromDriver: (value) => Buffer.from(value),
})

/** A `timestamptz` column, read as a `Date`. */
export const moment = () => timestamp({ withTimezone: true, mode: 'date' })

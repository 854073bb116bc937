// Dates and moments on their way into a dataset: what the server is asked for, and what DuckDB makes of it. `type` is always
// DuckDB's name: DATE, TIMESTAMP or TIMESTAMP WITH TIME ZONE.

/**
 * Returns PostgreSQL's expression for a date as it is kept: days, or microseconds, since the year 2000, the first and last
 * numbers for the infinities. Version 18 reads the bytes of a value as a number, so it need not write a date out.
 */
export function dateCount(value: string, type: string): string {
  if (type === 'DATE') return `pg_catalog.int4(pg_catalog.date_send(${value}))`
  const send = type === 'TIMESTAMP' ? 'timestamp_send' : 'timestamptz_send'
  return `pg_catalog.int8(pg_catalog.${send}(${value}))`
}

/** Returns DuckDB's type of such a count. */
export function countType(type: string): string {
  return type === 'DATE' ? 'INTEGER' : 'BIGINT'
}

/** Returns DuckDB's expression for the date that was counted. Its last moment is some years before PostgreSQL's: an error. */
export function countedDate(count: string, type: string): string {
  if (type === 'DATE') {
    return `CASE ${count} WHEN 2147483647 THEN DATE 'infinity' WHEN -2147483648 THEN DATE '-infinity'
      ELSE DATE '2000-01-01' + ${count} END`
  }
  const make = type === 'TIMESTAMP' ? 'make_timestamp' : 'make_timestamptz'
  return `CASE WHEN ${count} = ${last} THEN 'infinity'::${type} WHEN ${count} = ${first} THEN '-infinity'::${type}
    WHEN ${count} > ${last - 1n - until2000} THEN error('Conversion Error: column ${count}')
    ELSE ${make}(${count} + ${until2000}) END`
}

const last = 2n ** 63n - 1n
const first = -(2n ** 63n)

/** Microseconds from 1970, where DuckDB begins to count. */
const until2000 = 946_684_800_000_000n

/**
 * Returns DuckDB's expression for a date as PostgreSQL writes it. DuckDB would read "0044-03-15 BC" as the year 44 of our era;
 * it writes "0044-03-15 (BC)" itself.
 */
export function writtenDate(text: string, type: string): string {
  const era = `regexp_replace(${text}, '^([0-9-]+)(.*) BC$', '\\1 (BC)\\2')`
  return `(CASE WHEN suffix(${text}, ' BC') THEN ${era} ELSE ${text} END)::${type}`
}

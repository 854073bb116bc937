import type { Privileges } from '../driver.ts'

/** What an account may do, as far as its grants tell. */
export type Grants = {
  readonly privileges: Privileges
  /** False where it may certainly read nothing; null where it may by a role that is not in use. */
  readonly canRead: boolean | null
}

/** Reads the lines of SHOW GRANTS. What only a role could allow is unknown. */
export function readGrants(lines: readonly string[]): Grants {
  const rights = lines.flatMap((line) => {
    const [, granted, on] = /^GRANT (.+?) ON (?:TABLE )?(.+?) TO /i.exec(line) ?? []
    return granted === undefined ? [] : [{ granted: withoutColumns(granted), everywhere: on === '*.*' }]
  })
  const unless = lines.some(isRole) ? null : false
  const some = (pattern: RegExp) => rights.some(({ granted }) => pattern.test(granted)) || unless
  const superuser = rights.some(({ granted, everywhere }) => everywhere && allOrSuper.test(granted)) || unless
  return { privileges: { superuser, canWrite: some(writing) }, canRead: some(/\b(?:ALL PRIVILEGES|SELECT)\b/i) }
}

/** The names in parentheses are those of columns. */
function withoutColumns(granted: string): string {
  return granted.replace(/\([^)]*\)/g, '')
}

function isRole(line: string): boolean {
  return /^GRANT [`'"]/.test(line)
}

const allOrSuper = /\b(?:ALL PRIVILEGES|SUPER)\b/i
const writing =
  /\b(?:ALL PRIVILEGES|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|INDEX|REFERENCES|TRIGGER|EVENT|FILE|SUPER)\b(?! (?:TEMPORARY TABLES|USER))/i

import type { Privileges } from '../driver.ts'
import type { PostgresSession } from './postgresql-session.ts'
import { privilegesSql } from './postgresql-sql.ts'

/**
 * Asks what the account may do beyond reading; undefined where the server does not tell in time, for it was not what the
 * person asked for. The last statement of a sign-in: an error ends the transaction. The time counts from the end of `before`,
 * which the server was asked just before and answers first.
 */
export async function askPrivileges(
  postgres: Pick<PostgresSession, 'query'>,
  before: Promise<unknown>,
): Promise<Privileges | undefined> {
  const asked = postgres.query(privilegesSql).then(
    ({ rows }) => ({ superuser: verdict(rows[0]?.[0]), canWrite: verdict(rows[0]?.[1]) }),
    () => undefined,
  )
  await before
  let clock: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    clock = setTimeout(() => resolve(undefined), patienceMilliseconds)
  })
  return Promise.race([asked, late]).finally(() => clearTimeout(clock))
}

const patienceMilliseconds = 1_500

function verdict(cell: string | null | undefined): boolean | null {
  return cell === 't' ? true : cell === 'f' ? false : null
}

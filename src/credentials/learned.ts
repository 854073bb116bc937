import { type SQL, sql } from 'drizzle-orm'
import type { Privileges } from '../connector/driver.ts'
import { associations, type SeenPrivileges } from '../db/schema/credentials.ts'

/** What a good sign-in tells of an account. */
export type Learned = { readonly expiresAt?: string | null; readonly privileges?: Privileges }

/**
 * Returns the columns of an association in which that is kept. Privileges that differ from the last look leave those behind
 * as the previous ones; where the data store did not tell them, what was seen stays.
 */
export function learnedColumns(learned: Learned, at: Date) {
  const learnedExpiresAt = dateOf(learned.expiresAt)
  if (learned.privileges === undefined) return { learnedExpiresAt }
  const { superuser, canWrite } = learned.privileges
  const privileges: SeenPrivileges = { at: at.toISOString(), superuser, canWrite }
  return { learnedExpiresAt, privileges, previousPrivileges: lastThatDiffers(privileges) }
}

/** The columns of an association whose account is another one from now on: nobody has looked at it yet. */
export const nothingSeen = { privileges: null, previousPrivileges: null, learnedExpiresAt: null } as const

function lastThatDiffers({ superuser, canWrite }: SeenPrivileges): SQL<SeenPrivileges | null> {
  const seen = JSON.stringify({ superuser, canWrite })
  const { privileges, previousPrivileges } = associations
  return sql`case when ${privileges} - 'at' <> ${seen}::jsonb then ${privileges} else ${previousPrivileges} end`
}

/** A target may say anything; only a date that the database takes is kept. */
function dateOf(text: string | null | undefined): Date | null {
  return text && /^(?!0000)\d{4}-/.test(text) && !Number.isNaN(Date.parse(text)) ? new Date(text) : null
}

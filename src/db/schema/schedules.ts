import { sql } from 'drizzle-orm'
import { index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { datasets } from './catalog.ts'
import { moment } from './columns.ts'
import { credentials } from './credentials.ts'
import { users } from './organizations.ts'

/** When a dataset is refreshed by itself, with which stored account and in whose name; one for each dataset at most. */
export const schedules = pgTable(
  'schedules',
  {
    id: uuid().primaryKey(),
    organizationId: uuid().notNull(),
    datasetId: uuid()
      .notNull()
      .references(() => datasets.id, { onDelete: 'cascade' }),
    /** Null once it was deleted. */
    credentialId: uuid().references(() => credentials.id, { onDelete: 'set null' }),
    /** Who set it: every run is theirs. */
    setBy: uuid()
      .notNull()
      .references(() => users.id),
    /** A `Rule` of the room `schedules`. */
    rule: jsonb().$type<unknown>().notNull(),
    timeZone: text().notNull(),
    /** What becomes of runs that were missed: none, or one for all of them. */
    catchUp: text({ enum: ['skip', 'once'] }).notNull(),
    /** How many completed versions are kept, and for how many days; null for all of them. */
    keepVersions: integer(),
    keepDays: integer(),
    state: text({ enum: ['active', 'paused', 'disabled'] })
      .notNull()
      .default('active'),
    /** Why it is disabled, with the next step, in sentences. */
    reason: text(),
    stateAt: moment().notNull().defaultNow(),
    /** Null where Keyward did it. */
    stateBy: uuid(),
    /** The first moment that has not been dealt with. */
    nextAt: moment().notNull(),
    /** The run that is made up for as soon as its account may be used again. */
    makeUpRunId: uuid(),
    revision: integer().notNull().default(1),
    createdAt: moment().notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('schedules_dataset').on(table.datasetId),
    index('schedules_due').on(table.nextAt).where(sql`state = 'active'`),
    index('schedules_make_up').on(table.id).where(sql`make_up_run_id is not null`),
    index('schedules_credential').on(table.credentialId),
  ],
)

/** One moment at which a dataset was to be refreshed, and what came of it. */
export const scheduleRuns = pgTable(
  'schedule_runs',
  {
    id: uuid().primaryKey(),
    scheduleId: uuid()
      .notNull()
      .references(() => schedules.id, { onDelete: 'cascade' }),
    dueAt: moment().notNull(),
    trigger: text({ enum: ['schedule', 'by hand'] }).notNull(),
    state: text({ enum: ['waiting', 'running', 'completed', 'failed', 'cancelled', 'missed'] }).notNull(),
    /** How often it was begun. */
    attempts: integer().notNull().default(0),
    /** The version it makes or made; no foreign key, for the run is remembered when retention has removed the version. */
    versionId: uuid(),
    versionNumber: integer(),
    /** A diagnosis code, where there is one. */
    code: text(),
    /** Why it was not made, in sentences. */
    reason: text(),
    createdAt: moment().notNull().defaultNow(),
    /** When it was last begun, put back or ended. */
    changedAt: moment().notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('schedule_runs_due').on(table.scheduleId, table.dueAt),
    index('schedule_runs_open').on(table.changedAt).where(sql`state in ('waiting', 'running')`),
  ],
)

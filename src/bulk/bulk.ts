import { and, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm'
import type { UserActor } from '../access/actor.ts'
import { emailKey } from '../access/email.ts'
import { type Deployment, featureEnabled } from '../access/features.ts'
import type { Guard } from '../access/guard.ts'
import type { Resource } from '../access/policy.ts'
import { refuseDate } from '../credentials/expiry.ts'
import { type CredentialListing, visibleTo } from '../credentials/listing.ts'
import type { CredentialQueries } from '../credentials/queries.ts'
import type { Database, Reader } from '../db/client.ts'
import { databaseTime } from '../db/database-time.ts'
import { newId } from '../db/new-id.ts'
import { bulkItems, bulkJobs } from '../db/schema/bulk-jobs.ts'
import { credentials } from '../db/schema/credentials.ts'
import { users } from '../db/schema/organizations.ts'
import {
  type BulkAction,
  type BulkItem,
  type BulkJob,
  type ItemState,
  type JobRow,
  mostItems,
  stateOf,
} from './bulk-job.ts'
import { cancelled, createJobRows, finish, itemsOf } from './job-rows.ts'
import type { ItemDependencies, Order } from './one-item.ts'
import { type Preflight, readPreflight, readTransferPreflight, type TransferPreflight } from './preflight.ts'
import { createBulkRuns } from './runs.ts'

/** What was chosen in the list: some credentials, or all that a search shows. */
export type Selection = { readonly ids: readonly string[] } | { readonly matching: CredentialListing }

export type ChooseOutcome = { readonly ok: true; readonly id: string } | Refused
export type ConfirmOutcome = { readonly ok: true } | Refused
/** Why not, as a sentence; `field` is the one of the form that it is about. */
type Refused = { readonly ok: false; readonly field: 'email' | 'date' | 'agreed' | null; readonly error: string }

/** What the person agrees to when they confirm. */
export type Agreement = {
  /** Of a transfer: associations go whose connection the new owner may not use. */
  readonly dropUnusable: boolean
  /** Of an expiry; null clears it. */
  readonly expiresAt: Date | null
}

/** A job with what its page lists: what it would do, or what came of it. */
export type ShownJob = {
  readonly job: BulkJob
  readonly preflight: Preflight | null
  readonly transfer: TransferPreflight | null
  /** The first 200 of each state, of a job that has begun. */
  readonly items: readonly BulkItem[]
}

export type Bulk = ReturnType<typeof createBulk>

const shownItems = 200

/** The service that does one thing to many credentials: choose, look at what would happen, confirm, and follow. */
export function createBulk(
  deps: ItemDependencies & {
    db: Database
    guard: Guard
    credentialQueries: CredentialQueries
    deployment: Deployment
    beatMilliseconds?: number
  },
) {
  const { db, guard, credentialQueries, deployment } = deps
  const runs = createBulkRuns({ ...deps, rows: createJobRows(db) })

  /** Finds a job to decide on and locks it. */
  async function findJob(reader: Reader, id: string, lock: boolean): Promise<JobResource | undefined> {
    const query = reader.select().from(bulkJobs).where(eq(bulkJobs.id, id))
    const [row] = await (lock ? query.for('update') : query)
    if (row === undefined) return undefined
    return { type: 'credential', id: null, organizationId: row.organizationId, ownerId: row.userId, row }
  }

  /** Returns the ids that were chosen, or the sentence that says what is wrong with the choice. */
  async function chosen(actor: UserActor, selection: Selection): Promise<readonly string[] | string> {
    const matching = 'matching' in selection
    const ids = matching
      ? await credentialQueries.matching(actor, selection.matching, mostItems + 1)
      : [...new Set(selection.ids)]
    if (ids.length > mostItems) return tooMany
    if (ids.length > 0) return ids
    return matching ? 'Nothing matches this search any more. Search again.' : nothingChosen
  }

  async function show(actor: UserActor, id: string): Promise<ShownJob> {
    const found = await findJob(db, id, false)
    await guard.read(actor, 'credential.bulk', found)
    const { row } = found as JobResource
    const job = await describe(db, row)
    if (job.state === 'new') {
      const { newOwner } = job
      const transfer = newOwner === null ? null : await readTransferPreflight(db, actor, id, newOwner.id)
      return { job, preflight: await readPreflight(db, actor, id), transfer, items: [] }
    }
    const items: BulkItem[] = []
    for (const state of shownStates) items.push(...(await itemsOf(db, id, state, shownItems)))
    return { job, preflight: null, transfer: null, items }
  }

  return {
    /**
     * Makes a job of a selection; nothing happens before it is confirmed. Throws NotFound where an id is not one of the
     * actor's, and that is recorded.
     */
    async choose(actor: UserActor, action: BulkAction, selection: Selection): Promise<ChooseOutcome> {
      const ids = await chosen(actor, selection)
      if (typeof ids === 'string') return { ok: false, field: null, error: ids }
      const foreign = 'ids' in selection ? await notVisible(db, actor, ids) : undefined
      const find = async () => (foreign === undefined ? ownedBy(actor) : undefined)
      const id = newId()
      return guard.change<ChooseOutcome, Resource>(
        actor,
        'credential.bulk',
        find,
        async ({ tx, note }) => {
          const { id: userId, organizationId } = actor
          await tx.insert(bulkJobs).values({ id, organizationId, userId, action })
          await tx.execute(sql`
            insert into bulk_items (job_id, position, credential_id, name, state)
            select ${id}::uuid, chosen.place, one.id, one.name, 'waiting'
            from json_array_elements_text(${JSON.stringify(ids)}::text::json) with ordinality as chosen(id, place)
            join credentials one on one.id = chosen.id::uuid and one.owner_id = ${userId}`)
          note({ jobId: id, step: 'chosen', what: action, credentials: ids.length })
          return { ok: true, id }
        },
        foreign === undefined ? {} : { id: foreign },
      )
    },

    /** Returns one of the actor's jobs. Throws NotFound for those of others. */
    show,

    /** Says to whom the credentials of a transfer are to go, by e-mail address. */
    chooseOwner(actor: UserActor, id: string, email: string): Promise<ConfirmOutcome> {
      return guard.change<ConfirmOutcome, JobResource>(
        actor,
        'credential.bulk',
        (tx) => findJob(tx, id, true),
        async ({ tx, note, abandon }, { row }) => {
          if (row.startedAt !== null || row.finishedAt !== null) return abandon<ConfirmOutcome>({ ok: true })
          const found = and(eq(users.emailKey, emailKey(email)), eq(users.organizationId, actor.organizationId))
          const [user] = await tx
            .select()
            .from(users)
            .where(and(found, isNull(users.disabledAt)))
          if (user === undefined) return abandon(refused('email', noUser))
          if (user.id === actor.id) return abandon(refused('email', 'They are yours already. Enter somebody else.'))
          if (!(await featureEnabled(tx, deployment, user, 'stored_credentials'))) {
            return abandon(
              refused('email', `Stored credentials are switched off for ${user.name}. Choose another person.`),
            )
          }
          await tx.update(bulkJobs).set({ newOwnerId: user.id }).where(eq(bulkJobs.id, id))
          note({ jobId: id, step: 'owner chosen', to: user.id })
          return { ok: true }
        },
        { id },
      )
    },

    /** Begins a job in the background of this process. Confirming it once more does nothing. */
    async confirm(actor: UserActor, id: string, agreement: Agreement): Promise<ConfirmOutcome> {
      let order: Order | undefined
      const outcome = await guard.change<ConfirmOutcome, JobResource>(
        actor,
        'credential.bulk',
        (tx) => findJob(tx, id, true),
        async ({ tx, note, abandon }, { row }) => {
          if (stateOf(row) !== 'new') return abandon<ConfirmOutcome>({ ok: true })
          const wanted = orderOf(row, agreement, await databaseTime(tx))
          if ('error' in wanted) return abandon<ConfirmOutcome>(wanted)
          if (await isBusy(tx, actor)) return abandon(refused(null, busy))
          const expiresAt = wanted.action === 'expiry' ? wanted.expiresAt : null
          const begun = { startedAt: sql`now()`, heartbeatAt: sql`now()`, expiresAt }
          await tx.update(bulkJobs).set(begun).where(eq(bulkJobs.id, id))
          note({ jobId: id, step: 'confirmed', what: row.action })
          order = wanted
          return { ok: true }
        },
        { id },
      )
      if (order !== undefined) runs.start({ jobId: id, actor, order })
      return outcome
    },

    /** Ends a job: what is being done is finished, the rest is not attempted. */
    async cancel(actor: UserActor, id: string): Promise<void> {
      await guard.change<void, JobResource>(
        actor,
        'credential.bulk',
        (tx) => findJob(tx, id, true),
        async ({ tx, note, abandon }, { row }) => {
          if (row.finishedAt !== null) return abandon(undefined)
          await tx.update(bulkJobs).set({ cancelRequestedAt: sql`now()` }).where(eq(bulkJobs.id, id))
          if (row.startedAt === null) await finish(tx, id, cancelled)
          note({ jobId: id, step: 'cancelled' })
        },
        { id },
      )
      runs.cancel(id)
    },

    /** The work of this process. */
    runs,
  }
}

type JobResource = Resource & { readonly row: JobRow }

/** In the order of the page: what needs a look comes first. */
const shownStates: readonly ItemState[] = ['failed', 'not attempted', 'done', 'waiting']

const nothingChosen = 'Select at least one account, or all that match the search.'
const tooMany = `More than ${mostItems.toLocaleString('en')} accounts match. Search for fewer, then choose them in parts.`
const noUser = 'Nobody in your organization has this e-mail address. Check it, or ask an administrator to add them.'
const busy = 'Something else is being done to many credentials of yours. Wait until it is over, or cancel it.'

function refused(field: Refused['field'], error: string): Refused {
  return { ok: false, field, error }
}

function ownedBy(actor: UserActor): Resource {
  return { type: 'credential', id: null, organizationId: actor.organizationId, ownerId: actor.id }
}

/** Returns the first of the ids that is not one of the actor's credentials. */
async function notVisible(db: Database, actor: UserActor, ids: readonly string[]): Promise<string | undefined> {
  const its = and(visibleTo(actor), inArray(credentials.id, [...ids]))
  const rows = await db.select({ id: credentials.id }).from(credentials).where(its)
  const known = new Set(rows.map(({ id }) => id))
  return ids.find((id) => !known.has(id))
}

function orderOf(row: JobRow, { dropUnusable, expiresAt }: Agreement, now: Date): Order | Refused {
  const { action, newOwnerId } = row
  if (action === 'test') return { action }
  if (action === 'delete') return { action }
  if (action === 'transfer') {
    if (newOwnerId === null) return refused('email', 'Enter the e-mail address of the new owner first.')
    return { action, newOwnerId, dropUnusable }
  }
  const error = expiresAt === null ? undefined : refuseDate(expiresAt, now)
  return error === undefined ? { action, expiresAt } : refused('date', error)
}

async function isBusy(reader: Reader, actor: UserActor): Promise<boolean> {
  const open = and(isNotNull(bulkJobs.startedAt), isNull(bulkJobs.finishedAt))
  const [row] = await reader
    .select({ id: bulkJobs.id })
    .from(bulkJobs)
    .where(and(eq(bulkJobs.userId, actor.id), open))
    .limit(1)
  return row !== undefined
}

async function describe(db: Database, row: JobRow): Promise<BulkJob> {
  const { id, action, newOwnerId, expiresAt, cancelRequestedAt } = row
  const { name, email } = users
  const [newOwner] =
    newOwnerId === null
      ? []
      : await db.select({ id: users.id, name, email }).from(users).where(eq(users.id, newOwnerId))
  const counted = await db
    .select({ state: bulkItems.state, count: sql<number>`count(*)::int` })
    .from(bulkItems)
    .where(eq(bulkItems.jobId, id))
    .groupBy(bulkItems.state)
  const counts = { waiting: 0, done: 0, failed: 0, 'not attempted': 0 }
  for (const { state, count } of counted) counts[state] = count
  const state = stateOf(row)
  const cancelling = state === 'running' && cancelRequestedAt !== null
  return { id, action, state, cancelling, newOwner: newOwner ?? null, expiresAt, counts }
}

import { and, eq, isNotNull } from 'drizzle-orm'
import type { AuditEntry, Ledger } from '../audit/ledger.ts'
import type { Database, Reader, Transaction } from '../db/client.ts'
import { despiteDeadlocks } from '../db/deadlock.ts'
import { users } from '../db/schema/organizations.ts'
import type { Actor, UserActor } from './actor.ts'
import { type Deployment, type Feature, featureEnabled } from './features.ts'
import { type Action, type actions, decide, featureOf, type Resource } from './policy.ts'
import {
  AccountDisabled,
  AccountNotFound,
  FeatureOff,
  Forbidden,
  NotFound,
  Refusal,
  RoleTooLow,
  Unreadable,
} from './refusals.ts'

type Details = NonNullable<AuditEntry['details']>

/** What an effect works with. */
export type Effect = {
  readonly tx: Transaction
  /** Adds ids and counts to the ledger entry of this action. Never anything typed by a person, never a secret. */
  note(details: Details): void
  /** Corrects the resource id of the entry, for what was created just now. */
  created(id: string): void
  /** Decides on a second resource of the same action, for example the connection an association is made with. */
  also(action: Action, resource: Resource | undefined): Promise<void>
  /** Ends the transaction without effect and without entry; the call returns `value` (an expected outcome). */
  abandon<T>(value: T): never
}

/** Why and in which run a secret is used; part of the entry. */
export type Use = { readonly purpose: string; readonly runId: string }

export type Guard = {
  /** Decides without recording, for reads. Throws NotFound, Forbidden or FeatureOff. */
  read(actor: Actor, action: Action, resource: Resource | undefined): Promise<void>
  /**
   * The one way to change or use something: finds the resource, decides, runs `effect` and writes the ledger entry, all
   * in one transaction. When it resolves, entry and effect are committed. A refusal is recorded and thrown. If the
   * ledger cannot be written nothing happened and `LedgerUnavailable` is thrown.
   *
   * `find` returns undefined where there is no such row; it should lock it (`for update`) if the effect changes it. Both
   * run again from the start where the database had to end a deadlock, so they change nothing but rows.
   */
  change<T, R extends Resource>(
    actor: Actor,
    action: Action,
    find: (tx: Transaction) => Promise<R | undefined>,
    effect: (context: Effect, resource: R) => Promise<T>,
    options?: {
      /** What was asked for by id: named in the entry of a denial where no such row exists. */
      readonly id?: string
      readonly use?: Use
    },
  ): Promise<T>
  /**
   * Records a refusal that a read threw on the way to a change, so that no attempt goes unseen. Does nothing for what is
   * no refusal, or is recorded already.
   */
  recordRefusal(actor: Actor, error: unknown, asked: Pick<Resource, 'type' | 'id'>): Promise<void>
  /** Records that something allowed did not work out, in a transaction of its own, with what else that tells (`along`). */
  recordFailure(
    actor: Actor,
    action: Action,
    resource: Resource,
    use: Use,
    details: Details,
    along?: (tx: Transaction) => Promise<void>,
  ): Promise<void>
}

/** Returns the guard of this process. */
export function createGuard(deps: { db: Database; ledger: Ledger; deployment: Deployment }): Guard {
  const { db, ledger, deployment } = deps
  const recorded = new WeakSet<Refusal>()
  const transaction = <T>(work: (tx: Transaction) => Promise<T>) => despiteDeadlocks(() => db.transaction(work))

  async function authorize(
    reader: Transaction | Database,
    actor: Actor,
    action: Action,
    resource: Resource | undefined,
  ) {
    if (resource === undefined) throw notFound(action)
    const decision = decide(actor, action, resource)
    if (decision === 'hidden') throw notFound(action)
    if (decision === 'forbidden') throw forbidden(resource.type)
    const feature = featureOf(action)
    if (feature === undefined || actor.kind === 'system') return
    // What reads show is what was so when the request began; what changes something asks again, in its transaction.
    const known = reader === db ? actor.storedCredentials : undefined
    if (!(known ?? (await featureEnabled(reader, deployment, actor, feature)))) throw new FeatureOff()
    if (!(await ownerStillShares(reader, actor, resource, feature))) throw notFound(action)
  }

  /** What somebody shares ends with them: a disabled owner, or one without the feature, lets nobody use it. */
  async function ownerStillShares(reader: Reader, actor: UserActor, resource: Resource, feature: Feature) {
    const { ownerId, organizationId } = resource
    if (ownerId === null || ownerId === actor.id) return true
    if (await isDisabled(reader, ownerId)) return false
    return featureEnabled(reader, deployment, { id: ownerId, organizationId }, feature)
  }

  return {
    read: (actor, action, resource) => authorize(db, actor, action, resource),

    async change(actor, action, find, effect, options = {}) {
      const { id: asked, use } = options
      let target: Resource | undefined
      try {
        return await transaction(async (tx) => {
          const resource = await find(tx)
          target = resource
          await refuseDisabled(tx, actor)
          await authorize(tx, actor, action, resource)
          if (resource === undefined) throw notFound(action)
          const details: Details = {}
          let id = resource.id
          const result = await effect(
            {
              tx,
              note: (more) => void Object.assign(details, more),
              created: (newId) => {
                id = newId
              },
              also: (another, other) => authorize(tx, actor, another, other),
              abandon: (value) => {
                throw new Abandoned(value)
              },
            },
            resource,
          )
          await ledger.append(tx, entry(actor, action, { ...resource, id }, 'allowed', use, details))
          return result
        })
      } catch (error) {
        if (error instanceof Abandoned) return error.value as never
        if (error instanceof Refusal) {
          const named = target ?? missing(action, actor, asked)
          const outcome = error instanceof Unreadable ? 'failed' : 'denied'
          await db.transaction((tx) => ledger.append(tx, entry(actor, action, named, outcome, use)))
          recorded.add(error)
        }
        throw error
      }
    },

    async recordRefusal(actor, error, { type, id }) {
      if (!(error instanceof Refusal) || recorded.has(error)) return
      const action = type === 'organization' ? 'feature.read' : (`${type}.read` as const)
      const named = missing(action, actor, id ?? undefined)
      await db.transaction((tx) => ledger.append(tx, entry(actor, action, { ...named, type }, 'denied')))
      recorded.add(error)
    },

    recordFailure: (actor, action, resource, use, details, along) =>
      db.transaction(async (tx) => {
        await along?.(tx)
        await ledger.append(tx, entry(actor, action, resource, 'failed', use, details))
      }),
  }
}

/** A session ends when its user is disabled; what they had begun asks here, each time it goes on. */
async function refuseDisabled(tx: Transaction, actor: Actor): Promise<void> {
  if (actor.kind === 'user' && (await isDisabled(tx, actor.id))) throw new AccountDisabled()
}

async function isDisabled(reader: Reader, id: string): Promise<boolean> {
  const disabled = and(eq(users.id, id), isNotNull(users.disabledAt))
  const [row] = await reader.select({ id: users.id }).from(users).where(disabled)
  return row !== undefined
}

/** An account is used from pages of other things, so who may not is told that it is about the account. */
function notFound(action: Action): NotFound {
  return action === 'credential.use' ? new AccountNotFound() : new NotFound()
}

function forbidden(type: Resource['type']): Forbidden {
  if (type === 'connection') return new RoleTooLow('data connection')
  return type === 'dataset' ? new RoleTooLow('dataset') : new Forbidden()
}

class Abandoned {
  readonly value: unknown
  constructor(value: unknown) {
    this.value = value
  }
}

/** What a denial names when the row does not exist: the kind of thing that was asked for. */
function missing(
  action: Action,
  actor: Actor,
  id: string | undefined,
): Omit<Resource, 'organizationId'> & { organizationId: string | null } {
  const type = action.slice(0, action.indexOf('.')) as Resource['type']
  return { type, id: id ?? null, organizationId: actor.kind === 'user' ? actor.organizationId : null, ownerId: null }
}

function entry(
  actor: Actor,
  action: keyof typeof actions,
  resource: { type: string; id: string | null; organizationId: string | null },
  outcome: AuditEntry['outcome'],
  use?: Use,
  details: Details = {},
): AuditEntry {
  return {
    actor: { kind: actor.kind, id: actor.id, address: actor.address },
    action,
    resource: { type: resource.type, id: resource.id },
    organizationId: resource.organizationId,
    outcome,
    purpose: use?.purpose ?? null,
    requestId: actor.requestId,
    runId: use?.runId ?? null,
    details,
  }
}

import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Reader } from '../db/client.ts'
import { featureExceptions, features } from '../db/schema/organizations.ts'
import type { Actor, UserActor } from './actor.ts'
import type { Guard } from './guard.ts'

export type Feature = 'stored_credentials'
/** Which defaults apply: off until an administrator turns it on, or on (product.md §2.9). */
export type Deployment = 'self-managed' | 'managed'

/** One organization's setting with the users who get something else. */
export type FeatureSetting = {
  readonly feature: Feature
  readonly enabled: boolean
  /** False while nobody has decided and the default of the deployment applies. */
  readonly decided: boolean
  readonly exceptions: readonly { readonly userId: string; readonly enabled: boolean }[]
}

/** Reports whether `feature` is on for one user: their exception, else the organization's setting, else the default. */
export async function featureEnabled(
  reader: Reader,
  deployment: Deployment,
  user: Pick<UserActor, 'id' | 'organizationId'>,
  feature: Feature,
): Promise<boolean> {
  const [row] = await reader.select({ enabled: featureSql(user, feature, deployment) }).from(sql`(select 1) as one`)
  return row?.enabled ?? false
}

/** Returns the same as SQL, for a user whose ids are values or columns: so that it is read along with them. */
export function featureSql(
  user: { readonly id: unknown; readonly organizationId: unknown },
  feature: Feature,
  deployment: Deployment,
): SQL<boolean> {
  const exception = sql`(select enabled from ${featureExceptions} where ${featureExceptions.userId} = ${user.id} and ${featureExceptions.organizationId} = ${user.organizationId} and ${featureExceptions.feature} = ${feature})`
  const setting = sql`(select enabled from ${features} where ${features.organizationId} = ${user.organizationId} and ${features.feature} = ${feature})`
  return sql<boolean>`coalesce(${exception}, ${setting}, ${deployment === 'managed'})`
}

export type Features = ReturnType<typeof createFeatures>

/** The service behind the Feature access page and `keyward feature`. */
export function createFeatures(deps: { guard: Guard; reader: Reader; deployment: Deployment }) {
  const { guard, reader, deployment } = deps
  return {
    /** Returns the organization's setting. */
    async show(actor: Actor, organizationId: string, feature: Feature): Promise<FeatureSetting> {
      await guard.read(actor, 'feature.read', organization(organizationId))
      return readSetting(reader, deployment, organizationId, feature)
    },

    /** Switches `feature` for the organization. Turning it off deletes nothing. */
    change(actor: Actor, organizationId: string, feature: Feature, enabled: boolean): Promise<void> {
      return guard.change(
        actor,
        'feature.change',
        async () => organization(organizationId),
        async ({ tx, note }) => {
          note({ feature, enabled })
          await tx
            .insert(features)
            .values({ organizationId, feature, enabled })
            .onConflictDoUpdate({
              target: [features.organizationId, features.feature],
              set: { enabled, changedAt: new Date() },
            })
        },
      )
    },

    /** Gives one user something else than the organization has; `null` takes the exception back. */
    except(
      actor: Actor,
      organizationId: string,
      feature: Feature,
      userId: string,
      enabled: boolean | null,
    ): Promise<void> {
      return guard.change(
        actor,
        'feature.change',
        async () => organization(organizationId),
        async ({ tx, note }) => {
          note({ feature, userId, enabled })
          const its = and(
            eq(featureExceptions.organizationId, organizationId),
            eq(featureExceptions.feature, feature),
            eq(featureExceptions.userId, userId),
          )
          await tx.delete(featureExceptions).where(its)
          if (enabled !== null) await tx.insert(featureExceptions).values({ organizationId, feature, userId, enabled })
        },
      )
    },
  }
}

function organization(id: string) {
  return { type: 'organization', id, organizationId: id, ownerId: null } as const
}

async function readSetting(
  reader: Reader,
  deployment: Deployment,
  organizationId: string,
  feature: Feature,
): Promise<FeatureSetting> {
  const [row] = await reader
    .select()
    .from(features)
    .where(and(eq(features.organizationId, organizationId), eq(features.feature, feature)))
  const exceptions = await reader
    .select({ userId: featureExceptions.userId, enabled: featureExceptions.enabled })
    .from(featureExceptions)
    .where(and(eq(featureExceptions.organizationId, organizationId), eq(featureExceptions.feature, feature)))
  return { feature, enabled: row?.enabled ?? deployment === 'managed', decided: row !== undefined, exceptions }
}

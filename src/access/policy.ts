import type { Actor, SystemActor, UserActor } from './actor.ts'
import type { Feature } from './features.ts'

/** How someone may work with a shared thing; each role may all that the one before it may. */
export const shareRoles = ['consumer', 'editor', 'owner'] as const
export type ShareRole = (typeof shareRoles)[number]

/** What an action is about, as far as deciding needs it. `id` is null for what does not exist yet. */
export type Resource = {
  readonly type: 'credential' | 'connection' | 'dataset' | 'organization' | 'user'
  readonly id: string | null
  readonly organizationId: string
  /** Null where nobody in particular owns it. */
  readonly ownerId: string | null
  /** With whom it is shared, by user id. The actor's own role is enough to decide; absent where nothing is shared. */
  readonly shares?: Readonly<Record<string, ShareRole>>
}

type Standing = ShareRole | 'member' | 'administrator' | 'system'
type Rule = { readonly needs: Standing; readonly feature?: Feature }

const stored = 'stored_credentials'

/** Every action there is, and who may take it. What is not listed cannot be asked for. */
export const actions = {
  'credential.read': { needs: 'owner', feature: stored },
  'credential.create': { needs: 'member', feature: stored },
  'credential.edit': { needs: 'owner', feature: stored },
  'credential.apply-edit': { needs: 'owner', feature: stored },
  'credential.split-edit': { needs: 'owner', feature: stored },
  'credential.discard-edit': { needs: 'owner', feature: stored },
  'credential.delete': { needs: 'owner', feature: stored },
  'credential.associate': { needs: 'owner', feature: stored },
  'credential.dissociate': { needs: 'owner', feature: stored },
  'credential.confirm-destination': { needs: 'owner', feature: stored },
  'credential.set-default': { needs: 'owner', feature: stored },
  'credential.use': { needs: 'consumer', feature: stored },
  'credential.restore': { needs: 'owner', feature: stored },
  'credential.erase': { needs: 'system' },
  'credential.share': { needs: 'owner', feature: stored },
  'credential.unshare': { needs: 'owner', feature: stored },
  'credential.give-back': { needs: 'consumer', feature: stored },
  'credential.set-expiry': { needs: 'owner', feature: stored },
  'credential.remind': { needs: 'system' },
  'credential.set-maintenance': { needs: 'owner', feature: stored },
  'credential.pause': { needs: 'system' },
  'credential.resume': { needs: 'system' },
  'credential.transfer': { needs: 'owner', feature: stored },
  'credential.bulk': { needs: 'owner', feature: stored },
  'connection.read': { needs: 'consumer' },
  'connection.create': { needs: 'member' },
  'connection.edit': { needs: 'editor' },
  'connection.delete': { needs: 'owner' },
  'connection.use': { needs: 'consumer' },
  'connection.share': { needs: 'owner' },
  'connection.unshare': { needs: 'owner' },
  'connection.leave': { needs: 'consumer' },
  'connection.set-health': { needs: 'owner' },
  'dataset.read': { needs: 'consumer' },
  'dataset.create': { needs: 'member' },
  'dataset.look': { needs: 'consumer' },
  'dataset.edit': { needs: 'editor' },
  'dataset.refresh': { needs: 'editor' },
  'dataset.cancel': { needs: 'editor' },
  'dataset.analyse': { needs: 'consumer' },
  'dataset.query': { needs: 'consumer' },
  'dataset.delete-version': { needs: 'owner' },
  'dataset.delete': { needs: 'owner' },
  // Where it takes an account, that asks for the feature; a dataset that is made of others takes none.
  'dataset.set-schedule': { needs: 'owner' },
  'dataset.pause-schedule': { needs: 'owner' },
  'dataset.resume-schedule': { needs: 'owner' },
  'dataset.run-schedule': { needs: 'owner' },
  'dataset.delete-schedule': { needs: 'owner' },
  'dataset.disable-schedule': { needs: 'system' },
  'dataset.retain': { needs: 'system' },
  'dataset.restore': { needs: 'owner' },
  'dataset.erase': { needs: 'owner' },
  'dataset.share': { needs: 'owner' },
  'dataset.unshare': { needs: 'owner' },
  'dataset.leave': { needs: 'consumer' },
  'feature.read': { needs: 'administrator' },
  'feature.change': { needs: 'administrator' },
  'egress.read': { needs: 'administrator' },
  'storage.read': { needs: 'administrator' },
  'storage.set-limit': { needs: 'administrator' },
  'user.read': { needs: 'administrator' },
  'user.create': { needs: 'administrator' },
  'user.disable': { needs: 'administrator' },
  'user.enable': { needs: 'administrator' },
  'user.set-password': { needs: 'administrator' },
  'user.change-own-password': { needs: 'owner' },
  'user.choose-notifications': { needs: 'owner' },
  'organization.create': { needs: 'system' },
  'organization.give-up-delivery': { needs: 'system' },
} as const satisfies Record<string, Rule>

export type Action = keyof typeof actions
export type Decision = 'allowed' | 'hidden' | 'forbidden'

/** Returns the feature that must be on for `action`, if any. */
export function featureOf(action: Action): Feature | undefined {
  const rule: Rule = actions[action]
  return rule.feature
}

/**
 * Decides whether `actor` may take `action` on `resource`, features aside. `hidden` means that the actor may not learn
 * that it exists. `visibleTo` conditions of the domain rooms say the same as SQL.
 */
export function decide(actor: Actor, action: Action, resource: Resource): Decision {
  if (actor.kind === 'system') return 'allowed'
  if (actor.organizationId !== resource.organizationId) return 'hidden'
  return decideWithin(actor, action, resource)
}

/** Returns the role that `actor` has on `resource`; null where they have none. Its owner and Keyward itself have all. */
export function roleOn(
  actor: Pick<UserActor, 'kind' | 'id'> | SystemActor,
  resource: Pick<Resource, 'ownerId' | 'shares'>,
): ShareRole | null {
  if (actor.kind === 'system' || resource.ownerId === actor.id) return 'owner'
  return resource.shares?.[actor.id] ?? null
}

/** Reports whether who has `role` may do what `needed` may. */
export function isAtLeast(role: ShareRole, needed: ShareRole): boolean {
  return shareRoles.indexOf(role) >= shareRoles.indexOf(needed)
}

function decideWithin(actor: UserActor, action: Action, resource: Resource): Decision {
  const needs: Standing = actions[action].needs
  switch (needs) {
    case 'consumer':
    case 'editor':
    case 'owner':
      return decideByRole(roleOn(actor, resource), needs, rolesThatRead[resource.type])
    case 'member':
      return 'allowed'
    case 'administrator':
      return actor.role === 'administrator' ? 'allowed' : 'forbidden'
    case 'system':
      return 'forbidden'
  }
}

/** From which role on something is seen at all. Who may use a credential has no page of it: to them there is none. */
const rolesThatRead: Readonly<Record<Resource['type'], ShareRole>> = {
  credential: 'owner',
  connection: 'consumer',
  dataset: 'consumer',
  organization: 'consumer',
  user: 'consumer',
}

/** Who may neither do it nor see what it is about may not learn that it exists. */
function decideByRole(role: ShareRole | null, needs: ShareRole, seenFrom: ShareRole): Decision {
  if (role === null) return 'hidden'
  if (isAtLeast(role, needs)) return 'allowed'
  return isAtLeast(role, seenFrom) ? 'forbidden' : 'hidden'
}

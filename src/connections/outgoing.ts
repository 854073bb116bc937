import type { Actor } from '../access/actor.ts'
import type { Guard } from '../access/guard.ts'
import { type EgressPolicy, judge, type Outlook, outlookOf, ownAddresses, type Verdict } from '../connector/outlook.ts'

/** Where connections may go, and from which addresses they come. */
export type OutgoingConnections = Outlook & { readonly addresses: readonly string[] }

export type Outgoing = ReturnType<typeof createOutgoing>

/** The service behind the page *Outgoing connections*. Only administrators: it answers for hosts inside the network. */
export function createOutgoing(deps: { guard: Guard; egress: EgressPolicy }) {
  const { guard, egress } = deps
  return {
    /** Returns the policy in sentences. */
    async show(actor: Actor, organizationId: string): Promise<OutgoingConnections> {
      await guard.read(actor, 'egress.read', organization(organizationId))
      return { ...outlookOf(egress), addresses: ownAddresses() }
    },

    /** Says whether one host and port would be allowed. Looks the name up where that is allowed, and dials nothing. */
    async ask(actor: Actor, organizationId: string, host: string, port: number): Promise<Verdict> {
      await guard.read(actor, 'egress.read', organization(organizationId))
      return judge(egress, host, port)
    },
  }
}

function organization(id: string) {
  return { type: 'organization', id, organizationId: id, ownerId: null } as const
}

import { randomBytes } from 'node:crypto'
import type { UserActor } from '../access/actor.ts'
import type { TypedAccount } from './use-connection.ts'

export type TypedAccounts = ReturnType<typeof createTypedAccounts>

const lifetime = 10 * 60 * 1000
const perUser = 5

/**
 * Holds typed credentials between two steps of a page, ten minutes at most, so that they need not be in it. A handle is a random id in a
 * hidden field, good for the person who typed them and for this process only (docs/decisions/070).
 */
export function createTypedAccounts() {
  const held = new Map<string, { userId: string; account: TypedAccount; timer: NodeJS.Timeout }>()

  function drop(handle: string): void {
    const entry = held.get(handle)
    if (entry === undefined) return
    clearTimeout(entry.timer)
    for (const secret of Object.values(entry.account.fields)) secret.wipe()
    held.delete(handle)
  }

  return {
    /** Takes the secrets over and returns their handle. A person's oldest is dropped when they hold more than five. */
    hold(actor: UserActor, account: TypedAccount): string {
      const mine = [...held].filter(([, entry]) => entry.userId === actor.id)
      if (mine.length >= perUser && mine[0] !== undefined) drop(mine[0][0])
      const handle = randomBytes(16).toString('base64url')
      const timer = setTimeout(() => drop(handle), lifetime)
      timer.unref()
      held.set(handle, { userId: actor.id, account, timer })
      return handle
    },

    /** Returns a copy of what is held for this person under `handle`, or undefined: then it must be typed again. */
    get(actor: UserActor, handle: string): TypedAccount | undefined {
      const entry = held.get(handle)
      if (entry === undefined || entry.userId !== actor.id) return undefined
      const { fields } = entry.account
      return {
        ...entry.account,
        fields: Object.fromEntries(Object.entries(fields).map(([id, value]) => [id, value.copy()])),
      }
    },

    /** Wipes what is held under `handle`, if it is this person's. */
    forget(actor: UserActor, handle: string): void {
      if (held.get(handle)?.userId === actor.id) drop(handle)
    },

    /** Wipes everything. */
    close(): void {
      for (const handle of [...held.keys()]) drop(handle)
    },
  }
}

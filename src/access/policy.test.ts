import { describe, expect, it } from 'vitest'
import type { UserActor } from './actor.ts'
import { system } from './actor.ts'
import { type Action, actions, type Decision, decide, isAtLeast, type Resource, roleOn, shareRoles } from './policy.ts'

const person = (id: string, organizationId = 'acme'): UserActor => ({
  ...{ kind: 'user', id, organizationId, role: 'member', name: id, email: `${id}@example.com` },
  ...{ address: null, requestId: null },
})

const connection: Resource = {
  ...{ type: 'connection', id: 'sales', organizationId: 'acme', ownerId: 'first' },
  shares: { consumer: 'consumer', editor: 'editor', owner: 'owner', elsewhere: 'owner' },
}

/** What each role may do with a connection; every other action of its is refused, and a stranger's are hidden. */
const may: Readonly<Record<string, readonly Action[]>> = {
  consumer: ['connection.read', 'connection.use', 'connection.leave'],
  editor: ['connection.read', 'connection.use', 'connection.leave', 'connection.edit'],
  owner: [
    ...(['connection.read', 'connection.use', 'connection.leave', 'connection.edit', 'connection.delete'] as const),
    ...(['connection.share', 'connection.unshare'] as const),
  ],
}
const all = may.owner ?? []

describe('decide on a shared connection', () => {
  it.each(Object.keys(may))('as %s, allows what the role may and forbids the rest', (role) => {
    for (const action of all) {
      const wanted: Decision = may[role]?.includes(action) ? 'allowed' : 'forbidden'
      expect(decide(person(role), action, connection), action).toBe(wanted)
    }
  })

  it('as who added it and as Keyward itself, allows everything; to anyone else it hides everything', () => {
    for (const action of all) {
      expect(decide(person('first'), action, connection), action).toBe('allowed')
      expect(decide(system, action, connection), action).toBe('allowed')
      expect(decide(person('stranger'), action, connection), action).toBe('hidden')
      expect(decide({ ...person('root'), role: 'administrator' }, action, connection), action).toBe('hidden')
      // A share that names someone of another organization gives them nothing.
      expect(decide(person('elsewhere', 'other'), action, connection), action).toBe('hidden')
    }
  })

  it('without shares, knows its owner alone', () => {
    const { shares: _, ...unshared } = connection
    expect(decide(person('owner'), 'connection.read', unshared)).toBe('hidden')
    expect(roleOn(person('first'), unshared)).toBe('owner')
    expect(roleOn(person('owner'), unshared)).toBeNull()
  })
})

describe('decide on a credential that is shared for use', () => {
  const credential: Resource = {
    ...{ type: 'credential', id: 'reporting', organizationId: 'acme', ownerId: 'first' },
    shares: { receiver: 'consumer', elsewhere: 'consumer' },
  }
  const owners = (Object.keys(actions) as Action[]).filter((action) => action.startsWith('credential.'))
  const own = (action: Action) => action !== 'credential.create' && actions[action].needs !== 'system'
  const everything = owners.filter(own)
  const receivers: readonly Action[] = ['credential.use', 'credential.give-back']

  it('as the receiver, allows its use and giving it back, and hides it from everything else', () => {
    expect(everything.length).toBeGreaterThan(10)
    for (const action of everything) {
      const wanted: Decision = receivers.includes(action) ? 'allowed' : 'hidden'
      expect(decide(person('receiver'), action, credential), action).toBe(wanted)
      expect(decide(person('first'), action, credential), action).toBe('allowed')
      expect(decide(person('elsewhere', 'other'), action, credential), action).toBe('hidden')
      expect(decide({ ...person('root'), role: 'administrator' }, action, credential), action).toBe('hidden')
    }
  })

  it('leaves erasing to Keyward itself', () => {
    expect(decide(person('first'), 'credential.erase', credential)).toBe('forbidden')
    expect(decide(system, 'credential.erase', credential)).toBe('allowed')
  })
})

describe('isAtLeast', () => {
  it('orders the roles as they are listed', () => {
    const pairs = shareRoles.map((role) => shareRoles.map((needed) => isAtLeast(role, needed)))
    expect(pairs).toEqual([
      [true, false, false],
      [true, true, false],
      [true, true, true],
    ])
  })
})

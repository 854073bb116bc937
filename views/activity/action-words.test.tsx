import { describe, expect, it } from 'vitest'
import { actions } from '../../src/access/policy.ts'
import { actionInWords, actionWords } from './action-words.ts'

describe('actionInWords', () => {
  it('has words of its own for every action that is decided on, and for sessions', () => {
    const sessions = ['session.begin', 'session.end', 'session.renew']
    expect(Object.keys(actionWords).sort()).toEqual([...Object.keys(actions), ...sessions].sort())
    const words = Object.values(actionWords)
    expect(new Set(words).size).toBe(words.length)
    for (const one of words) expect(one).toMatch(/^[A-Z][a-z]+( [a-zA-Z-]+)+$/)
  })

  it('leaves an action of another release as the ledger spells it', () => {
    expect(actionInWords('credential.set-default')).toBe('Make default on a connection')
    expect(actionInWords('group.create')).toBe('group.create')
  })
})

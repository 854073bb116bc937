import { DrizzleQueryError } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { failureSentence } from './failure-sentence.ts'
import { OperatorError } from './operator-error.ts'

const coded = (code: string, message = 'canary-7d20e1') => Object.assign(new Error(message), { code })

describe('failureSentence', () => {
  it('of an error of ours is its own words', () => {
    expect(failureSentence(new OperatorError('Do this.'))).toBe('Do this.')
  })

  it.each(['ECONNREFUSED', '28P01', '3D000', '42501', '53300', '57P03', 'EACCES', 'ENOSPC'])(
    'of %s, found among the causes, says what to do and repeats nothing',
    (code) => {
      const sentence = failureSentence(new DrizzleQueryError('select $1', ['canary-7d20e1'], coded(code)))
      expect(sentence).toMatch(/(Check|Create|Give|Raise|Try|Make) /)
      expect(sentence).not.toContain('canary')
    },
  )

  it('of anything else names kinds and codes, not messages', () => {
    const sentence = failureSentence(new Error('canary-7d20e1', { cause: coded('XX001') }))
    expect(sentence).toContain('Error, caused by Error XX001')
    expect(sentence).not.toContain('canary')
    expect(failureSentence('canary-7d20e1')).not.toContain('canary')
  })
})

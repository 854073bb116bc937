import { DrizzleQueryError } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { createLog, describeError } from './log.ts'

const canary = 'canary-4f8a6f0e2d1b7c93'

function logged(error: unknown, known: Parameters<typeof describeError>[1] = []): string {
  const lines: string[] = []
  createLog({ level: 'trace', known, destination: { write: (line) => void lines.push(line) } }).error(
    'request failed',
    error,
  )
  return lines.join('')
}

class OurSentence extends Error {}

describe('the log', () => {
  it('of a failed statement writes its SQLSTATE and places in code, but no parameter and no message', () => {
    const cause = Object.assign(new Error(`duplicate key (${canary})`), { name: 'PostgresError', code: '23505' })
    const line = logged(new DrizzleQueryError('insert into x values ($1)', [canary], cause))
    expect(line).not.toContain(canary)
    expect(JSON.parse(line)).toMatchObject({
      msg: 'request failed',
      error: { cause: { name: 'PostgresError', code: '23505' } },
    })
    expect(line).toContain('log.test.ts')
  })

  it('of a message with lines that look like stack frames writes none of them', () => {
    expect(logged(new Error(`oops\n    at ${canary} (/x.ts:1:1)`))).not.toContain(canary)
  })

  it('of a name or code made of data writes neither', () => {
    expect(logged(Object.assign(new Error('x'), { name: `E ${canary}`, code: `${canary} ` }))).not.toContain(canary)
  })

  it('of a thrown string writes only that it was one', () => {
    expect(logged(canary)).not.toContain(canary)
    expect(describeError(canary)).toEqual({ name: 'string' })
  })

  it('of an error that is known writes its sentence', () => {
    expect(JSON.parse(logged(new OurSentence('Do this next.'), [OurSentence])).error.message).toBe('Do this next.')
  })

  it('of causes in a circle ends', () => {
    const error = new Error('a')
    error.cause = error
    expect(logged(error)).toContain('request failed')
  })
})

import { describe, expect, test } from 'vitest'
import { Refusal } from '../diagnosis.ts'
import { clientRefusal, lost, serverRefusal } from './sqlserver-errors.ts'

describe('an error of the server while signing in', () => {
  test.each([
    [[18456], 'auth.refused', 'authentication'],
    [[18452], 'auth.refused', 'authentication'],
    [[40615], 'auth.refused', 'authentication'],
    [[18486], 'auth.locked', 'authentication'],
    [[18470], 'auth.locked', 'authentication'],
    [[18487], 'auth.expired', 'authentication'],
    [[18488], 'auth.expired', 'authentication'],
    [[4060, 18456], 'db.not_found', 'database'],
    [[916], 'db.denied', 'database'],
    [[4064], 'db.denied', 'database'],
    [[40613], 'limit.exceeded', 'current'],
    [[10928], 'limit.exceeded', 'current'],
    [[7], 'protocol.unexpected', 'current'],
  ] as const)('numbered %j is %s', (numbers, code, rung) => {
    const said = numbers.map((number) => ({ number, message: 'as the server says' }))
    expect(serverRefusal(said, 'signing in')).toMatchObject({ code, rung })
  })
})

describe('an error of the server while reading', () => {
  test.each([
    [229, 'read.denied', undefined],
    [208, 'read.denied', 'no such table'],
    [156, 'read.denied', 'understand'],
    [8134, 'read.denied', 'could not run'],
    [1205, 'limit.exceeded', 'held'],
    [701, 'limit.exceeded', 'busy'],
  ] as const)('numbered %i is %s', (number, code, words) => {
    const refusal = serverRefusal([{ number, message: 'as the server says' }], 'reading')
    expect(refusal.code).toBe(code)
    if (words !== undefined) expect(refusal.text.sentence).toContain(words)
    expect(refusal.text.detail).toBe(`${number} as the server says`)
  })
})

describe('an error of the client library', () => {
  test('that is a refusal of ours, or has one as its cause, is that', () => {
    const ours = lost()
    expect(clientRefusal(ours)).toBe(ours)
    expect(clientRefusal(new Error('wrapped', { cause: ours }))).toBe(ours)
  })

  test.each([
    ['ETIMEOUT', 'limit.exceeded'],
    ['ESOCKET', 'protocol.unexpected'],
    ['ELOGIN', 'protocol.unexpected'],
    ['', 'protocol.unexpected'],
  ])('with the code %j is %s', (code, meaning) => {
    expect(clientRefusal(Object.assign(new Error('no'), { code }))).toMatchObject({ code: meaning })
  })

  test('that is none is ours', () => {
    expect(clientRefusal('no')).toBeInstanceOf(Refusal)
    expect(clientRefusal('no').code).toBe('internal')
  })
})

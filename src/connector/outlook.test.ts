import { describe, expect, test } from 'vitest'
import { judge, outlookOf, ownAddresses, parsePolicy } from './outlook.ts'

const policy = (deployment: 'self-managed' | 'managed', allow = '', deny = '') =>
  parsePolicy(deployment, allow, deny).policy

describe('A policy in sentences', () => {
  test('without settings, says what the deployment decides', () => {
    expect(outlookOf(policy('self-managed')).allowed).toEqual([
      'Every public address, and private networks such as 10.0.0.0/8.',
    ])
    expect(outlookOf(policy('managed')).allowed).toEqual(['Every public address.'])
    expect(outlookOf(policy('managed')).refused[0]).toContain('Private networks')
    expect(outlookOf(policy('managed')).never.join()).toContain('169.254.169.254')
  })

  test('names every entry of both lists with its ports', () => {
    const { allowed, refused } = outlookOf(
      policy('managed', '127.0.0.1:5432, 10.0.0.0/8', '*.evil.example, db.example.com:1-1024, *:25'),
    )
    expect(allowed.slice(1)).toEqual(['127.0.0.1, port 5432, by EGRESS_ALLOW.', '10.0.0.0/8, by EGRESS_ALLOW.'])
    expect(refused.slice(1, 4)).toEqual([
      'Every name below evil.example, by EGRESS_DENY.',
      'db.example.com, ports 1 to 1024, by EGRESS_DENY.',
      'Every host, port 25, by EGRESS_DENY.',
    ])
  })

  test('that refuses everything but a list, allows the list alone', () => {
    const { allowed, refused } = outlookOf(policy('self-managed', 'db.example.com', '*, 10.1.2.3'))
    expect(allowed).toEqual(['db.example.com, by EGRESS_ALLOW.'])
    expect(refused.slice(0, 2)).toEqual([
      'Everything that EGRESS_ALLOW does not list, because EGRESS_DENY is "*".',
      '10.1.2.3, by EGRESS_DENY.',
    ])
  })
})

describe('Whether a host and port would be allowed', () => {
  const names: Record<string, readonly string[]> = {
    'db.example.com': ['203.0.113.7'],
    'public.example.com': ['8.8.8.8'],
    'inside.example.com': ['8.8.8.8', '169.254.169.254'],
  }
  const asked: string[] = []
  const resolve = async (name: string) => {
    asked.push(name)
    return names[name] ?? Promise.reject(new Error('ENOTFOUND'))
  }
  const ask = (text: string, port = 5432, rules = policy('managed', '', 'denied.example.com')) =>
    judge(rules, text, port, resolve)

  test.each([
    ['8.8.8.8', true],
    ['public.example.com', true],
    ['10.1.2.3', false],
    ['127.0.0.1', false],
    ['169.254.169.254', false],
    ['2130706433', false],
    ['inside.example.com', false],
    ['denied.example.com', false],
    ['nobody.example.com', false],
    ['/run/postgresql', false],
    ['', false],
  ])('%j: %s', async (host, allowed) => {
    const verdict = await ask(host)
    expect(verdict.allowed).toBe(allowed)
    expect(verdict.sentence).toMatch(/\.$/)
  })

  test('is decided by the port too', async () => {
    const rules = policy('self-managed', '', '*:25')
    expect((await ask('8.8.8.8', 25, rules)).allowed).toBe(false)
    expect((await ask('8.8.8.8', 5432, rules)).allowed).toBe(true)
  })

  test('does not look up what is denied, and does not tell what was found', async () => {
    asked.length = 0
    await ask('denied.example.com')
    expect(asked).toEqual([])
    expect((await ask('inside.example.com')).sentence).not.toMatch(/8\.8\.8\.8|169\.254/)
  })
})

test('The addresses of this machine are those that others see, each once', () => {
  const one = (address: string, internal = false) => ({ address, internal }) as never
  const interfaces = {
    lo: [one('127.0.0.1', true), one('::1', true)],
    eth0: [one('192.0.2.7'), one('fe80::1'), one('2001:db8::7')],
    eth1: [one('192.0.2.7')],
    none: undefined,
  }
  expect(ownAddresses(interfaces)).toEqual(['192.0.2.7', '2001:db8::7'])
})

import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Refusal } from './diagnosis.ts'
import { createDialer, type EgressPolicy, parsePolicy, type Resolve } from './egress.ts'
import { mayDial } from './egress-policy.ts'

const nobody: Resolve = () => Promise.reject(new Error('Nothing should be looked up.'))

function policyOf(deployment: EgressPolicy['deployment'], allow = '', deny = ''): EgressPolicy {
  const { policy, problems } = parsePolicy(deployment, allow, deny)
  expect(problems).toEqual([])
  return policy
}

/** Dials and returns the code of the refusal, or `ok`; whoever answers is hung up on. */
async function dial(
  policy: EgressPolicy,
  host: string,
  port: number,
  resolve: Resolve = nobody,
  signal = AbortSignal.timeout(10_000),
): Promise<string> {
  const dialer = createDialer({ policy, report: { passed: () => {} }, signal, tcpMilliseconds: 2_000, resolve })
  try {
    const socket = await dialer(host, port)
    socket.destroy()
    return 'ok'
  } catch (error) {
    return error instanceof Refusal ? error.code : String(error)
  }
}

describe('an address', () => {
  const never = [
    '169.254.169.254',
    '169.254.0.1',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '0.0.0.0',
    '0.1.2.3',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    'fe80::1',
    'ff02::1',
    'fd00:ec2::254',
    'fd20:ce::254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::ffff:0:169.254.169.254',
    '64:ff9b::169.254.169.254',
    '64:ff9b:1::169.254.169.254',
    '2002:a9fe:a9fe::1',
    '::169.254.169.254',
    '::127.0.0.1',
    '2001:0:a9fe:a9fe::1',
    '2606:4700::5efe:169.254.169.254',
    'fe80::1%eth0',
    '::1%lo',
    '127.1',
    '2130706433',
    '0x7f000001',
    'not an address',
    '',
  ]
  test.each(never)('%s is refused whatever is allowed', (address) => {
    const all = '127.0.0.0/8 169.254.0.0/16 0.0.0.0/0 ::/0 db.example.com'
    expect(mayDial(policyOf('self-managed', all), 'db.example.com', address, 5432)).toBe(false)
  })

  const table: readonly (readonly [string, boolean, boolean])[] = [
    // address, self-managed, managed
    ['8.8.8.8', true, true],
    ['2606:4700::1111', true, true],
    ['::ffff:8.8.8.8', true, true],
    ['64:ff9b::8.8.8.8', true, true],
    ['10.0.0.1', true, false],
    ['172.16.5.5', true, false],
    ['192.168.1.1', true, false],
    ['100.64.0.1', true, false],
    ['fd12:3456::1', true, false],
    ['::ffff:10.0.0.1', true, false],
    ['64:ff9b::10.0.0.1', true, false],
    ['127.0.0.1', false, false],
    ['127.255.255.254', false, false],
    ['::1', false, false],
    ['::ffff:127.0.0.1', false, false],
    ['64:ff9b::7f00:1', false, false],
    ['192.0.2.1', false, false],
    ['198.18.0.1', false, false],
    ['240.0.0.1', false, false],
    ['fec0::1', false, false],
    ['2001:db8::1', false, false],
  ]
  test.each(table)('%s by default: self-managed %s, managed %s', (address, selfManaged, managed) => {
    expect(mayDial(policyOf('self-managed'), 'db.example.com', address, 5432)).toBe(selfManaged)
    expect(mayDial(policyOf('managed'), 'db.example.com', address, 5432)).toBe(managed)
  })
})

describe('a policy', () => {
  const cases: readonly (readonly [string, string, string, string, number, boolean])[] = [
    // allow, deny, host, address, port, may be dialled
    ['127.0.0.1', '', '127.0.0.1', '127.0.0.1', 5432, true],
    ['127.0.0.1:5432', '', '127.0.0.1', '127.0.0.1', 5432, true],
    ['127.0.0.1:5432', '', '127.0.0.1', '127.0.0.1', 5433, false],
    ['127.0.0.1:5000-6000', '', '127.0.0.1', '127.0.0.1', 5433, true],
    ['127.0.0.1', '', '::ffff:127.0.0.1', '::ffff:127.0.0.1', 5432, true],
    ['[::1]:5432', '', 'localhost', '::1', 5432, true],
    ['localhost', '', 'localhost', '127.0.0.1', 5432, true],
    ['localhost', '', 'localhost.', '127.0.0.1', 5432, true],
    ['localhost', '', 'evil.example.com', '127.0.0.1', 5432, false],
    ['*.example.com', '', 'evil.example.com', '127.0.0.1', 5432, false],
    [':5432', '', 'evil.example.com', '127.0.0.1', 5432, false],
    ['*.example.com', '', 'db.example.com', '10.0.0.1', 5432, true],
    ['*.example.com', '', 'example.com', '10.0.0.1', 5432, false],
    ['*.example.com', '', 'badexample.com', '10.0.0.1', 5432, false],
    ['10.1.0.0/16', '', 'db', '10.1.2.3', 5432, true],
    ['10.1.0.0/16', '', 'db', '10.2.2.3', 5432, false],
    ['10.1.0.0/16', '10.1.2.0/24', 'db', '10.1.2.3', 5432, false],
    ['', '8.8.8.0/24', 'dns', '8.8.8.8', 53, false],
    ['', 'bad.example.com', 'bad.example.com', '8.8.8.8', 5432, false],
    ['', '*.bad.example', 'db.bad.example.', '8.8.8.8', 5432, false],
    ['', ':22', 'db.example.com', '8.8.8.8', 22, false],
    ['', ':22', 'db.example.com', '8.8.8.8', 5432, true],
    ['db.example.com', '*', 'db.example.com', '8.8.8.8', 5432, true],
    ['db.example.com', '*', 'other.example.com', '8.8.8.8', 5432, false],
    ['fd12::/16', '', 'db', 'fd12::1', 5432, true],
  ]
  test.each(cases)('allow "%s", deny "%s": %s at %s port %i → %s', (allow, deny, host, address, port, expected) => {
    expect(mayDial(policyOf('managed', allow, deny), host, address, port)).toBe(expected)
  })

  test.each(['10.0.0.0/33', '10.0.0/8', 'https://db', 'db:port', 'db:0', 'db:1-99999', '*foo', '127.1', 'a/b'])(
    'with the entry "%s" says that it cannot be read',
    (entry) => {
      const { problems } = parsePolicy('managed', entry, '')
      expect(problems).toHaveLength(1)
      expect(problems[0]).toContain(`EGRESS_ALLOW has "${entry}"`)
    },
  )

  test('that allows everything is a problem, not a policy', () => {
    expect(parsePolicy('managed', '*', '').problems).toHaveLength(1)
  })
})

describe('a dialer', () => {
  let server: Server
  let connections = 0
  let port = 0

  beforeAll(async () => {
    server = createServer((socket) => {
      connections++
      socket.destroy()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    port = typeof address === 'object' && address !== null ? address.port : 0
  })
  afterAll(() => server.close())

  const spellings = [
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
  ]
  const more = [
    '127.0.0.1.',
    '[::ffff:127.0.0.1]',
    '::ffff:7f00:1',
    '::1',
    '::',
    '0',
    '0.0.0.0',
    '127.0.0.1%lo',
    '::1%1',
  ]
  const tricks = [
    'localhost',
    'localhost.',
    'LOCALHOST',
    '１２７.０.０.１',
    '127。0。0。1',
    '/var/run/postgresql',
    '@abstract',
  ]
  const lists = [
    '127.0.0.1,db.example.com',
    '127.0.0.1 db',
    'user@127.0.0.1',
    '127.0.0.1:5432',
    '127.0.0.1#',
    '127.0.0.1\0.x',
    '',
  ]
  test.each([...spellings, ...more, ...tricks, ...lists])('given "%s" never reaches this machine', async (host) => {
    const before = connections
    const code = await dial(policyOf('self-managed'), host, port, async () => ['127.0.0.1'])
    expect(code).toBe('policy.refused')
    expect(connections).toBe(before)
  })

  test('looks a name up once, and dials what it was told then', async () => {
    const answers = [['127.0.0.1'], ['169.254.169.254']]
    let lookups = 0
    const rebinding: Resolve = async () => answers[lookups++] ?? []
    const before = connections
    expect(await dial(policyOf('self-managed', 'rebind.example.com'), 'rebind.example.com', port, rebinding)).toBe('ok')
    expect(lookups).toBe(1)
    expect(connections).toBe(before + 1)
  })

  test.each([
    [['8.8.8.8', '127.0.0.1']],
    [['127.0.0.1', '8.8.8.8']],
    [['8.8.8.8', '::1']],
    [['8.8.8.8', 'fe80::1']],
    [['::ffff:127.0.0.1']],
    [['8.8.8.8', 'cname.example.com']],
  ])('whose name has %j refuses all of them', async (addresses) => {
    const before = connections
    expect(await dial(policyOf('self-managed'), 'mixed.example.com', port, async () => addresses)).toBe(
      'policy.refused',
    )
    expect(connections).toBe(before)
  })

  test('does not look up a name that is denied', async () => {
    expect(await dial(policyOf('self-managed', '', '*.bad.example'), 'db.bad.example', 5432)).toBe('policy.refused')
    expect(await dial(policyOf('self-managed', '', ':25'), 'mail.example', 25)).toBe('policy.refused')
  })

  test('says that a name has no address', async () => {
    expect(await dial(policyOf('self-managed'), 'nothing.example', 5432, async () => [])).toBe('dns.not_found')
    expect(await dial(policyOf('self-managed'), 'nothing.example', 5432)).toBe('dns.not_found')
  })

  test('does not say that a name has no address when the time was over before it was known', async () => {
    const over = new AbortController()
    const slow: Resolve = () => {
      setImmediate(() => over.abort())
      return new Promise(() => {})
    }
    expect(await dial(policyOf('self-managed'), 'slow.example', 5432, slow, over.signal)).toBe('limit.exceeded')
  })

  test('tries the next address where one refuses', async () => {
    const policy = policyOf('self-managed', 'two.example.com')
    expect(await dial(policy, 'two.example.com', port, async () => ['127.0.0.2', '127.0.0.1'])).toBe('ok')
  })
})

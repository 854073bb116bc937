import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { storeNames } from './addresses/schemes.ts'
import { exampleAddress, parseStoreUrl } from './store-url.ts'

const fields = ['host', 'port', 'database', 'connectSeconds', 'searchPath', 'region', 'bucket', 'prefix', 'path']
const tls = { value: ['verify-full', 'require', 'disable'], id: 'tls' }
const spec = (id: string) =>
  ({ id, label: id, kind: 'text', secret: false, required: false, maximumLength: 99 }) as const

/** Every store there may be, each with every field, so that what is read shows. */
const stores = Object.keys(storeNames).map((id) => ({
  id,
  parameters: [
    ...[...fields, 'account', 'warehouse', 'schema', 'role'].map(spec),
    { ...spec(tls.id), choices: tls.value.map((value) => ({ value, label: value })) },
  ],
}))

function parsed(text: string, chosen = '') {
  const result = parseStoreUrl(text, chosen, stores)
  if (!result.ok) throw new Error(result.error)
  return result
}

const read = (text: string, chosen = '') => {
  const { driver, parameters } = parsed(text, chosen)
  return [driver, parameters]
}

const account = (text: string, chosen = '') => {
  const { username, password } = parsed(text, chosen)
  return [username, password?.expose().toString() ?? null]
}

describe('parseStoreUrl of PostgreSQL', () => {
  it('a JDBC address becomes fields', () => {
    const address = 'jdbc:postgresql://db.example.com:6543/sales?sslmode=require&connectTimeout=3&currentSchema=a,b'
    expect(read(address)).toEqual([
      'postgresql',
      {
        ...{ host: 'db.example.com', port: '6543', database: 'sales', tls: 'require' },
        ...{ connectSeconds: '3', searchPath: 'a,b' },
      },
    ])
    expect(parsed(address)).toMatchObject({ password: null, ignored: [], dropped: false })
  })

  it('credentials inside the address are taken out and decoded', () => {
    const result = parsed('postgresql://report%40er:p%2Fss%3Aword@db.example.com/sales')
    expect(result.parameters).toEqual({ host: 'db.example.com', database: 'sales' })
    expect(result.username).toBe('report@er')
    expect(result.password?.expose().toString()).toBe('p/ss:word')
    expect(JSON.stringify(result)).not.toContain('ss:word')
  })

  it('credentials among the options are taken out too, and an "@" in them stays', () => {
    const address = 'jdbc:postgresql://h/db?user=ada@server&password=can@ary&ApplicationName=x'
    expect(account(address)).toEqual(['ada@server', 'can@ary'])
    expect(parsed(address)).toMatchObject({ parameters: { host: 'h', database: 'db' }, ignored: ['applicationname'] })
  })

  it('what may be the rest of a password is counted and not named; other secrets are dropped', () => {
    expect(parsed('jdbc:postgresql://h/db?password=can&ary=1&canary&x=2')).toMatchObject({ ignored: ['2 others'] })
    expect(parsed('postgresql://h/db?sslpassword=canary')).toMatchObject({ ignored: [], dropped: true })
  })

  it('an IPv6 host loses its brackets, a default port is left to the driver', () => {
    expect(parsed('postgres://[2001:db8::1]/x').parameters).toEqual({ host: '2001:db8::1', database: 'x' })
    expect(parsed('postgres://[2001:db8::1]:5433/x').parameters).toMatchObject({ port: '5433' })
    expect(parsed('postgresql+psycopg2://db.example.com:80/x').parameters).toMatchObject({ port: '80' })
  })

  it('an address without a host means localhost and says so in the field', () => {
    for (const address of ['jdbc:postgresql:sales', 'postgresql:///sales']) {
      expect(parsed(address).parameters, address).toEqual({ host: 'localhost', database: 'sales' })
    }
    expect(parsed('postgresql:///sales?host=db.example.com').parameters).toMatchObject({ host: 'db.example.com' })
  })

  it('services that speak its protocol are PostgreSQL on their usual port', () => {
    const address = '//c.example.com/dev?ssl=true'
    const expected = { host: 'c.example.com', database: 'dev', tls: 'verify-full' }
    expect(read(`jdbc:redshift:${address}`)).toEqual(['postgresql', { ...expected, port: '5439' }])
    expect(read(`jdbc:cockroachdb:${address}`)).toEqual(['postgresql', { ...expected, port: '26257' }])
  })
})

describe('parseStoreUrl of the other stores', () => {
  it.each([
    ['mysql://h:3307/shop', 'mysql', { host: 'h', port: '3307', database: 'shop' }],
    ['jdbc:mysql://h/shop?useSSL=true', 'mysql', { host: 'h', database: 'shop', tls: 'verify-full' }],
    ['mysql+pymysql://h/shop?ssl-mode=REQUIRED', 'mysql', { host: 'h', database: 'shop', tls: 'require' }],
    ['jdbc:mariadb://h/shop?sslMode=verify-ca', 'mariadb', { host: 'h', database: 'shop', tls: 'verify-full' }],
    [
      'jdbc:sqlserver://h:1434;databaseName=shop;encrypt=true;trustServerCertificate=true',
      'sqlserver',
      { host: 'h', port: '1434', database: 'shop', tls: 'require' },
    ],
    ['jdbc:sqlserver://;serverName=h;encrypt=strict', 'sqlserver', { host: 'h', tls: 'verify-full' }],
    ['sqlserver://h:1433?database=shop', 'sqlserver', { host: 'h', port: '1433', database: 'shop' }],
    ['mssql://h/shop?encrypt=false', 'sqlserver', { host: 'h', database: 'shop', tls: 'disable' }],
    [
      'jdbc:clickhouse://h:8443/d?ssl=true',
      'clickhouse',
      { host: 'h', port: '8443', database: 'd', tls: 'verify-full' },
    ],
    ['jdbc:ch:https://h/d', 'clickhouse', { host: 'h', database: 'd', tls: 'verify-full' }],
    ['clickhouses://h/d?sslmode=none', 'clickhouse', { host: 'h', database: 'd', tls: 'require' }],
    ['s3://bucket/a/b?region=eu-west-1', 's3', s3('s3.eu-west-1.amazonaws.com', 'eu-west-1')],
    [
      'https://s3.eu-west-1.amazonaws.com/bucket/a/b',
      's3',
      s3('s3.eu-west-1.amazonaws.com', 'eu-west-1', 'verify-full'),
    ],
    ['https://bucket.s3.amazonaws.com/a/b', 's3', s3('s3.amazonaws.com', '', 'verify-full')],
    ['https://f.example.com/a/b.csv', 'https-file', { host: 'f.example.com', path: '/a/b.csv', tls: 'verify-full' }],
    [
      'http://f.example.com:8080/b.csv',
      'https-file',
      { host: 'f.example.com', port: '8080', path: '/b.csv', tls: 'disable' },
    ],
    [
      'jdbc:snowflake://org-acc.snowflakecomputing.com/?db=D&warehouse=W&schema=S&role=R',
      'snowflake',
      { account: 'org-acc', database: 'D', warehouse: 'W', schema: 'S', role: 'R' },
    ],
    ['snowflake://org-acc/D/S', 'snowflake', { account: 'org-acc', database: 'D', schema: 'S' }],
  ])('%s', (address, driver, parameters) => {
    expect(read(address)).toEqual([driver, parameters])
  })

  it('a web address is what the chosen store makes of it', () => {
    const address = 'https://h.example.com:9000/bucket/a'
    expect(read(address, 's3')[1]).toEqual({
      ...{ host: 'h.example.com', port: '9000', tls: 'verify-full' },
      ...{ bucket: 'bucket', prefix: 'a' },
    })
    expect(read(address, 'clickhouse')[0]).toBe('clickhouse')
    expect(read(address, 'postgresql')[0]).toBe('https-file')
  })

  it('their accounts are taken out', () => {
    expect(account('jdbc:mysql://h/db?user=u&password=p')).toEqual(['u', 'p'])
    expect(account('jdbc:sqlserver://h;user=u;password={p;}};x}')).toEqual(['u', 'p;};x'])
    expect(account('https://u:p@h/f.csv')).toEqual(['u', 'p'])
    expect(account('snowflake://u:p@acc/D')).toEqual(['u', 'p'])
  })

  it('keys, tokens and signatures are dropped, and said to be', () => {
    for (const address of [
      's3://AKIACANARY:canary@bucket/a',
      'https://f.example.com/a.csv?sig=canary',
      'https://bucket.s3.amazonaws.com/a?X-Amz-Signature=canary&X-Amz-Credential=canary',
      'jdbc:snowflake://acc.snowflakecomputing.com/?private_key_file_pwd=canary&token=canary',
    ]) {
      const result = parsed(address)
      expect(result.dropped, address).toBe(true)
      expect(JSON.stringify(result).toLowerCase(), address).not.toContain('canary')
    }
  })

  it('each store has an example, which it reads', () => {
    for (const { id } of stores) {
      for (const example of exampleAddress(id).split(' or ')) expect(read(example, id)[0], example).toBe(id)
    }
  })

  it('a choice that the store does not offer, and a field it does not have, are left out', () => {
    const few = [
      { id: 'mysql', parameters: [spec('host'), { ...spec('tls'), choices: [{ value: 'verify-full', label: '' }] }] },
    ]
    const result = parseStoreUrl('mysql://h/db?useSSL=false', '', few)
    expect(result).toMatchObject({ ok: true, parameters: { host: 'h' } })
  })
})

function s3(host: string, region: string, mode?: string) {
  return {
    ...{ host, bucket: 'bucket', prefix: 'a/b' },
    ...(region === '' ? {} : { region }),
    ...(mode === undefined ? {} : { tls: mode }),
  }
}

describe('parseStoreUrl', () => {
  const strength = ['disable', 'require', 'verify-full']
  it.each([
    ...['disable', 'require', 'verify-full', 'verify-ca', 'prefer', 'allow'].map(
      (mode) => `postgresql://h/d?sslmode=${mode}`,
    ),
    ...['disabled', 'required', 'verify_identity', 'verify_ca', 'preferred'].map(
      (mode) => `mysql://h/d?sslMode=${mode}`,
    ),
  ])('%s never becomes weaker than asked', (address) => {
    const asked = /verify/.test(address) ? 2 : /mode=require/i.test(address) ? 1 : 0
    expect(strength.indexOf(parsed(address).parameters.tls ?? '')).toBeGreaterThanOrEqual(asked)
    if (/prefer|allow/.test(address)) expect(parsed(address).parameters.tls).toBe('require')
  })

  it.each([
    ['', /starts with postgresql/],
    ['oracle://h/db', /starts with postgresql/],
    ['postgresql:', /ends after its scheme/],
    ['postgresql://a:1,b:2/db', /several hosts/],
    ['postgresql://user:pw@a:1,b:2/db', /several hosts/],
    ['mysql://a,b/db', /several hosts/],
    ['jdbc:mysql:loadbalance://a,b/db', /several hosts/],
    ['postgresql://h:99999/db', /could not be read/],
    ['postgresql://%zz/db', /%25/],
    ['postgresql://u:12/canary@h/db', /%2F, %3F and %23/],
    ['postgresql://u:12#canary@h/db', /%2F, %3F and %23/],
    ['postgresql://u:12?canary@h/db', /%2F, %3F and %23/],
    ['postgresql://u:12/b?x=@canary@h/db', /%2F, %3F and %23/],
    ['postgresql://u:a@12/canary@h/db', /%2F, %3F and %23/],
    ['postgresql://u:12\\canary@h/db', /%5C/],
    ['jdbc:postgresql://u:12?x&canary@h/db?user=a', /%2F, %3F and %23/],
    ['postgresql://h/%E0%A4%A', /could not be read/],
    ['postgresql://%2Frun%2Fpostgresql/db', /socket/],
    ['postgresql:///db?host=/run/postgresql', /socket/],
    ['mysql://h/db?socket=/run/mysqld.sock', /socket/],
    ['postgresql://h/db;password=canary', /none belongs/],
    ['jdbc:sqlserver://h\\SQLEXPRESS;encrypt=true', /instance/],
    ['jdbc:sqlserver://h;instanceName=SQLEXPRESS', /instance/],
    ['sqlserver://u:p@h/SQLEXPRESS', /instance/],
    ['jdbc:sqlserver://u:canary@h;encrypt=true', /;user=…;password=…/],
    ['jdbc:redshift:iam://c/dev', /IAM/],
    ['s3:///prefix', /names no bucket/],
    ['snowflake:///', /names no account/],
  ])('%j is refused with the next step', (text, sentence) => {
    const result = parseStoreUrl(text, '', stores)
    expect(result).toMatchObject({ ok: false, error: expect.stringMatching(sentence) })
    expect(JSON.stringify(result)).not.toContain('canary')
  })

  it('an address of a store that there is no driver for, says so', () => {
    const some = stores.filter(({ id }) => id !== 'snowflake')
    const result = parseStoreUrl('snowflake://u:canary@acc/D', '', some)
    expect(result).toEqual({ ok: false, error: expect.stringContaining('no driver for Snowflake') })
  })

  it('whatever the password, written as it must be or not, no part of it is anywhere but under its seal', () => {
    const part = fc.stringMatching(/^[0-9a-f]{7}$/)
    const between = fc.constantFrom(...'/?#@:&;=%{}\\,+ \'"<'.split(''), '//', '&x=', ';y=', '@h/', '')
    const password = fc.array(fc.tuple(part, between), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(password, fc.constantFrom(...forms), fc.boolean(), (parts, form, isEncoded) => {
        const text = parts.flat().join('')
        const result = parseStoreUrl(form(isEncoded ? encodeURIComponent(text) : text), '', stores)
        const seen = JSON.stringify(result)
        for (const [piece] of parts) expect(seen).not.toContain(piece)
        // A value of a JDBC property is not percent-encoded, and a form without an account is read whole.
        if (isEncoded && result.ok && !result.dropped) expect(result.password).not.toBeNull()
      }),
      { numRuns: 500 },
    )
  })
})

/** Ways to write an address with a password in it. */
const forms = [
  ...['postgresql', 'jdbc:postgresql', 'mysql', 'jdbc:mariadb', 'mssql', 'clickhouse', 's3', 'https', 'snowflake'].map(
    (scheme) => (password: string) => `${scheme}://u:${password}@host/db`,
  ),
  ...['postgresql', 'jdbc:mysql', 'jdbc:clickhouse', 'jdbc:snowflake', 'sqlserver'].flatMap((scheme) => [
    (password: string) => `${scheme}://host?user=u&password=${password}`,
    (password: string) => `${scheme}://host?password=${password}&user=u`,
  ]),
  (password: string) => `jdbc:sqlserver://host;user=u;password=${password};encrypt=true`,
  (password: string) => `jdbc:sqlserver://host;user=u;password={${password.replaceAll('}', '}}')}}`,
]

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSwift, swiftSecrets } from '../../src/testing/swift.ts'
import { folder, type Running, removeFolders } from './children.ts'
import { addressOf, postgresOf, run, startKeyward } from './keyward.ts'

const password = 'correct horse battery staple 57'
const ada = ['user', 'create', '--admin', '--email', 'ada@example.com', '--name', 'Ada', '--password-stdin']
const ben = ['user', 'create', '--email', 'ben@example.com', '--name', 'Ben', '--password-stdin']

afterAll(removeFolders)

describe.each([
  ['while Keyward runs', true],
  ['while it does not run', false],
])('keyward, %s', (_when, serving) => {
  const directory = folder()
  const env = { DATA_DIR: directory }
  let server: Running | undefined

  beforeAll(async () => {
    if (!serving) return
    server = startKeyward(directory)
    await addressOf(server)
  })

  afterAll(async () => {
    server?.child.kill('SIGTERM')
    await server?.ended()
    expect(postgresOf(directory)).toEqual([])
  })

  it('user list on an empty installation ends with 3', async () => {
    const { status, stderr } = await run(['user', 'list'], env)
    expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringContaining('Nothing is set up yet') })
  })

  it('user create makes the first administrator, once, with an organization', async () => {
    expect((await run(ada, env, password)).stderr).toContain('--organization is missing')
    const made = await run([...ada, '--organization', 'Example Ltd'], env, `${password}\n`)
    expect(made).toEqual({ status: 0, stdout: expect.stringContaining('ada@example.com can sign in now'), stderr: '' })
    const again = await run([...ada, '--organization', 'Example Ltd'], env, password)
    expect(again).toEqual({ status: 1, stdout: '', stderr: expect.stringContaining('has this e-mail address already') })
  })

  it('user create adds a second user, and refuses a short password', async () => {
    const refused = await run(ben, env, 'short')
    expect(refused.status).toBe(1)
    expect(refused.stderr).not.toContain('short\n')
    const made = await run([...ben, '--json'], env, password)
    expect(JSON.parse(made.stdout)).toMatchObject({ email: 'ben@example.com', role: 'member' })
  })

  it('user disable, enable and password do so, and know nobody else', async () => {
    expect((await run(['user', 'disable', 'ben@example.com'], env)).status).toBe(0)
    expect((await run(['user', 'list'], env)).stdout).toMatch(/ben@example\.com.*disabled/)
    expect((await run(['user', 'enable', 'BEN@example.com'], env)).status).toBe(0)
    expect((await run(['user', 'list'], env)).stdout).not.toContain('disabled')
    const word = ['user', 'password', 'ben@example.com', '--password-stdin']
    expect((await run(word, env, `${password} more`)).status).toBe(0)
    expect((await run(['user', 'disable', 'eve@example.com'], env)).status).toBe(3)
    expect((await run(['user', 'disable', 'ada@example.com'], env)).stderr).toContain('last administrator')
  })

  it('feature on, off and list switch stored credentials', async () => {
    expect((await run(['feature', 'on', 'stored_credentials'], env)).status).toBe(0)
    expect((await run(['feature', 'list'], env)).stdout).toBe('stored_credentials is on\n')
    expect((await run(['feature', 'off', 'stored_credentials'], env)).status).toBe(0)
    const { features } = JSON.parse((await run(['feature', 'list', '--json'], env)).stdout)
    expect(features).toMatchObject([{ feature: 'stored_credentials', enabled: false, decided: true }])
    expect((await run(['feature', 'on', 'teleportation'], env)).status).toBe(3)
  })

  it('audit verify finds every entry of what was done, and a checkpoint that was not cut off', async () => {
    const checkpoint = join(folder(), 'checkpoint.json')
    writeFileSync(checkpoint, (await run(['audit', 'checkpoint'], env)).stdout)
    const { status, stdout } = await run(['audit', 'verify', '--checkpoint', checkpoint, '--json'], env)
    expect(status).toBe(0)
    expect(JSON.parse(stdout).entries).toBeGreaterThan(6)
    writeFileSync(checkpoint, JSON.stringify({ sequence: 1_000_000, hash: '00' }))
    expect((await run(['audit', 'verify', '--checkpoint', checkpoint], env)).status).toBe(1)
  })

  it('key list and verify look at the keys', async () => {
    expect((await run(['key', 'list'], env)).stdout).toMatch(/term 1 {2}records {2}active {2}opened by [0-9a-f]{16}/)
    expect((await run(['key', 'verify'], env)).stdout).toBe('All 0 grants open.\n')
  })

  it('doctor finds nothing wrong, and that the role cannot change the ledger', async () => {
    const { status, stdout } = await run(['doctor', '--json'], env)
    const { findings } = JSON.parse(stdout) as { findings: { subject: string; state: string }[] }
    expect(findings.filter(({ state }) => state !== 'ok')).toEqual([])
    expect(findings.map(({ subject }) => subject)).toEqual(expect.arrayContaining(['ledger', 'outgoing connections']))
    expect(status).toBe(0)
  })

  it('migrate on what is migrated changes nothing', async () => {
    expect((await run(['migrate'], env)).status).toBe(0)
  })
})

describe('commands and a server that start at the same moment', () => {
  it('wait for each other and all succeed', async () => {
    const directory = folder()
    const env = { DATA_DIR: directory }
    const early = run(['migrate'], env)
    const server = startKeyward(directory)
    const others = [1, 2, 3].map(() => run(['migrate'], env))
    await addressOf(server)
    for (const { status, stderr } of await Promise.all([early, ...others])) {
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    }
    server.child.kill('SIGTERM')
    expect(await server.ended()).toBe(0)
  })
})

describe('keyward doctor', () => {
  it('tries the bucket that the settings name, and of a wrong secret says what to check', async () => {
    const swift = await startSwift()
    if (swift === undefined) return
    await swift.fill('keep', {})
    const [directory, secretFile] = [folder(), join(folder(), 'secret')]
    writeFileSync(secretFile, `${swiftSecrets['acme:reader']}\n`, { mode: 0o600 })
    const env = {
      DATA_DIR: directory,
      SNAPSHOT_STORE: 's3://keep/snapshots',
      SNAPSHOT_STORE_ENDPOINT: `http://127.0.0.1:${swift.port}`,
      SNAPSHOT_STORE_ACCESS_KEY_ID: 'acme:reader',
      SNAPSHOT_STORE_SECRET_FILE: secretFile,
    }
    const said = async () => (await run(['doctor'], env)).stdout.split('\n').find((line) => line.includes('snapshots:'))
    expect(await said()).toMatch(/^ok +snapshots: They are kept in the bucket keep; a file could be written/)
    expect(await swift.listAll('keep')).toEqual([])
    writeFileSync(secretFile, 'another')
    expect(await said()).toMatch(/^PROBLEM +snapshots: .*does not let this account.*SNAPSHOT_STORE_SECRET_FILE/)
    await swift.close()
  })

  it('with settings that are wrong, ends with 1 and says which', async () => {
    const { status, stdout } = await run(['doctor'], { PORT: 'x' })
    expect({ status, stdout }).toEqual({ status: 1, stdout: expect.stringContaining('PROBLEM  settings: PORT is "x"') })
  })
})

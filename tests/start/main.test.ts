import { chownSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { signalProcess } from '../../src/db/embedded/processes.ts'
import { testDatabase } from '../../src/testing/database.ts'
import { folder, isRoot, ownFolder, packageForOthers, type Running, removeFolders, unprivileged } from './children.ts'
import { addressOf, type Environment, postgresOf, run, startKeyward } from './keyward.ts'

const running: Running[] = []
const others: Server[] = []

afterEach(async () => {
  for (const one of running.splice(0)) {
    one.child.kill('SIGTERM')
    await one.ended()
  }
  for (const other of others.splice(0)) other.close()
})

afterAll(removeFolders)

function keyward(directory: string, environment: Environment = {}, options: Parameters<typeof startKeyward>[2] = {}) {
  const one = startKeyward(directory, environment, options)
  running.push(one)
  return one
}

async function serves(one: Running): Promise<boolean> {
  const answer = await fetch(`${await addressOf(one)}/login`)
  return (await answer.text()).includes('<html')
}

describe('the first start', () => {
  it('serves a page, says where the key file is, and prints a one-time setup address', async () => {
    const directory = join(folder(), 'data')
    const one = keyward(directory)
    expect(await serves(one)).toBe(true)
    const file = join(directory, 'keyward.kek')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(one.output()).toContain(file)
    expect(one.output()).toMatch(/Back it up/)
    expect(one.output()).toMatch(/\/setup\?token=[A-Za-z0-9_-]{22}\n/)
  })

  it('prints no part of the key and no password of the database', async () => {
    const directory = folder()
    const one = keyward(directory, { LOG_LEVEL: 'trace' })
    await serves(one)
    const key = readFileSync(join(directory, 'keyward.kek'), 'utf8').trim().split('_').slice(1).join('_')
    const passwords = Object.values(JSON.parse(readFileSync(join(directory, 'postgres/passwords.json'), 'utf8')))
    for (const secret of [key, ...passwords]) expect(one.output()).not.toContain(secret)
  })
})

describe('a second start on the same data', () => {
  it('keeps key and data, and prints a fresh setup address while setup is undone', async () => {
    const directory = folder()
    const first = keyward(directory)
    await addressOf(first)
    const key = readFileSync(join(directory, 'keyward.kek'))
    const [token] = await first.says(/token=\S+/)
    first.child.kill('SIGTERM')
    expect(await first.ended()).toBe(0)
    const second = keyward(directory)
    expect(await serves(second)).toBe(true)
    expect(readFileSync(join(directory, 'keyward.kek'))).toEqual(key)
    expect((await second.says(/token=\S+/))[0]).not.toBe(token)
    expect(second.output()).not.toContain('Back it up')
  })

  it('after kill -9 of everything, starts', async () => {
    const directory = folder()
    const first = keyward(directory)
    await addressOf(first)
    for (const pid of [first.pid, ...postgresOf(directory)]) signalProcess(pid, 'SIGKILL')
    await first.ended()
    expect(await serves(keyward(directory))).toBe(true)
  })

  it('after kill -9 of Keyward alone, starts', async () => {
    const directory = folder()
    const first = keyward(directory)
    await addressOf(first)
    first.child.kill('SIGKILL')
    await first.ended()
    expect(await serves(keyward(directory))).toBe(true)
  })

  it('while the first runs, ends with 1 and names the process', async () => {
    const directory = folder()
    const first = keyward(directory)
    await addressOf(first)
    const second = keyward(directory)
    expect(await second.ended()).toBe(1)
    expect(second.output()).toContain(`process ${first.pid}`)
    expect(await serves(first)).toBe(true)
  })
})

describe('stopping', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('by %s, ends with 0 and leaves no PostgreSQL', async (signal) => {
    const directory = folder()
    const one = keyward(directory)
    await addressOf(one)
    one.child.kill(signal)
    expect(await one.ended()).toBe(0)
    expect(postgresOf(directory)).toEqual([])
  })

  it('by Ctrl-C, which reaches the whole process group, ends with 0 and leaves no PostgreSQL', async () => {
    const directory = folder()
    const one = keyward(directory, {}, { detached: true })
    await addressOf(one)
    process.kill(-one.pid, 'SIGINT')
    expect(await one.ended()).toBe(0)
    expect(postgresOf(directory)).toEqual([])
  })

  it('while it is still starting, ends and leaves no PostgreSQL', async () => {
    const directory = folder()
    const one = keyward(directory)
    while (!existsSync(join(directory, 'postgres/server.json'))) await new Promise((resolve) => setTimeout(resolve, 5))
    one.child.kill('SIGTERM')
    expect(await one.ended()).toBe(0)
    expect(postgresOf(directory)).toEqual([])
  })
})

describe('a start that cannot be', () => {
  async function refused(directory: string, environment: Environment): Promise<string> {
    const one = keyward(directory, environment)
    expect(await one.ended()).toBe(1)
    if (existsSync(join(directory, 'postgres'))) expect(postgresOf(directory)).toEqual([])
    return one.output()
  }

  it('for a taken port, says so', async () => {
    const other = createServer()
    others.push(other)
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const said = await refused(folder(), { PORT: String(port) })
    expect(said).toContain(`Port ${port} on 127.0.0.1 is taken`)
    expect(said).toContain('set PORT to another number')
  })

  it('for an address of another machine, says so', async () => {
    expect(await refused(folder(), { HOST: '192.0.2.1' })).toContain('not an address of this machine')
  })

  it('for several settings, reports each', async () => {
    const said = await refused(folder(), { PORT: 'x', DEPLOYMENT: 'y', ORIGIN: 'z' })
    for (const name of ['PORT', 'DEPLOYMENT', 'ORIGIN']) expect(said).toContain(name)
  })

  it('S5: for another key than that of the data, names the fingerprint needed', async () => {
    const directory = folder()
    const first = keyward(directory)
    await addressOf(first)
    first.child.kill('SIGTERM')
    await first.ended()
    const terms = await run(['key', 'list', '--json'], { DATA_DIR: directory })
    const [fingerprint] = JSON.parse(terms.stdout).terms[0].fingerprints
    const other = join(folder(), 'other.kek')
    expect((await run(['key', 'generate', '--file', other], {})).status).toBe(0)
    expect(await refused(directory, { KEYWARD_KEK_FILE: other })).toContain(fingerprint)
  })

  it('S5: for a lost key file, names the file and makes no new one', async () => {
    const directory = folder()
    const first = keyward(directory)
    await addressOf(first)
    first.child.kill('SIGTERM')
    await first.ended()
    const file = join(directory, 'keyward.kek')
    writeFileSync(file, '')
    expect(await refused(directory, {})).toContain(file)
    const { rmSync } = await import('node:fs')
    rmSync(file)
    expect(await refused(directory, {})).toContain(file)
    expect(existsSync(file)).toBe(false)
  })

  it('for a database that does not answer, says so and repeats no password', async () => {
    const kek = join(folder(), 'k.kek')
    await run(['key', 'generate', '--file', kek], {})
    const url = 'postgres://keyward:canary-91c2d7@127.0.0.1:1/keyward'
    const said = await refused(folder(), { DATABASE_URL: url, KEYWARD_KEK_FILE: kek })
    expect(said).toContain('cannot be reached')
    expect(said).not.toContain('canary')
  })
})

describe('with DATABASE_URL', () => {
  it('uses that database and starts none', async () => {
    const database = await testDatabase()
    const directory = folder()
    const kek = join(folder(), 'k.kek')
    await run(['key', 'generate', '--file', kek], {})
    const environment = { DATABASE_URL: database.url, MIGRATION_DATABASE_URL: database.ownerUrl, KEYWARD_KEK_FILE: kek }
    const one = keyward(directory, environment)
    expect(await serves(one)).toBe(true)
    expect(existsSync(join(directory, 'postgres'))).toBe(false)
    one.child.kill('SIGTERM')
    expect(await one.ended()).toBe(0)
    await database.close()
  })
})

describe.runIf(isRoot)('started by root', () => {
  it('in a folder that only root can enter, serves', async () => {
    expect(await serves(keyward(join(ownFolder(folder(0o700), 'root only'), 'data')))).toBe(true)
  })

  it('as an ordinary account, serves', async () => {
    const { uid, gid } = unprivileged()
    const directory = folder()
    chownSync(directory, uid, gid)
    const options = { uid, gid, cwd: '/', root: packageForOthers() }
    expect(await serves(keyward(join(directory, 'data'), {}, options))).toBe(true)
  })
})

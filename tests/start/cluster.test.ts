import { chownSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { clusterUrl } from '../../src/db/embedded/cluster.ts'
import { processesIn, signalProcess, waitUntil } from '../../src/db/embedded/processes.ts'
import {
  bundle,
  folder,
  isRoot,
  ownFolder,
  packageForOthers,
  type Running,
  removeFolders,
  start,
  unprivileged,
} from './children.ts'

type Where = { host: '127.0.0.1'; port: number; user: string; password: string; home: string }

let program = ''
const running: Running[] = []

beforeAll(async () => {
  program = await bundle('cluster-holder.ts')
})

afterEach(async () => {
  for (const one of running.splice(0)) {
    one.child.kill('SIGTERM')
    await one.ended()
  }
})

const moved: string[] = []
afterAll(() => {
  removeFolders()
  for (const path of moved) rmSync(path, { recursive: true, force: true })
})

function hold(directory: string, options: Parameters<typeof start>[1] = {}, file = program): Running {
  const one = start([process.execPath, file, directory], options)
  running.push(one)
  return one
}

async function held(one: Running): Promise<Where> {
  const [, line = ''] = await one.says(/^(\{"host.*\})$/m)
  return JSON.parse(line)
}

async function ask<T>(where: Where, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(clusterUrl(where, where, 'postgres'), { max: 1, onnotice: () => {} })
  try {
    return await work(sql)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

async function remember(where: Where): Promise<void> {
  await ask(where, (sql) => sql`create table kept as select 42 as answer`)
}

async function remembered(where: Where): Promise<unknown> {
  return ask(where, async (sql) => (await sql`select answer from kept`)[0]?.answer)
}

const data = (where: Where) => join(where.home, 'pgdata')

async function finish(one: Running): Promise<number | string> {
  one.child.kill('SIGTERM')
  return one.ended()
}

describe('the embedded PostgreSQL', () => {
  it('listens on loopback only, asks for SCRAM, and is gone when its Keyward has stopped', async () => {
    const one = hold(folder())
    const where = await held(one)
    const settings = await ask(
      where,
      (sql) =>
        sql`select name, setting from pg_settings where name = any(${[
          'listen_addresses',
          'unix_socket_directories',
          'password_encryption',
          'data_checksums',
          'server_encoding',
        ]}) order by name`,
    )
    expect(settings.map((row) => row.setting)).toEqual(['on', '127.0.0.1', 'scram-sha-256', 'UTF8', ''])
    const stranger = { ...where, password: 'guess' }
    await expect(ask(stranger, (sql) => sql`select 1`)).rejects.toThrow(/password authentication failed/)
    expect(await finish(one)).toBe(0)
    expect(processesIn(realpathSync(data(where)))).toEqual([])
  })

  it('keeps its password in a file that only its owner can read', async () => {
    const where = await held(hold(folder()))
    const file = join(where.home, 'passwords.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).toContain(where.password)
  })

  it('started a second time on the same data, has it and listens where it did', async () => {
    const directory = folder()
    const first = hold(directory)
    const before = await held(first)
    await remember(before)
    await finish(first)
    const after = await held(hold(directory))
    expect(await remembered(after)).toBe(42)
    expect(after.port).toBe(before.port)
  })

  it.each(['with spaces', 'with:colon', "d'été — 数据", '-c', 'a"b$HOME`'])(
    'starts in a folder named %s',
    async (name) => {
      const where = await held(hold(join(folder(), name)))
      await expect(ask(where, (sql) => sql`select 1 as one`)).resolves.toHaveLength(1)
    },
  )

  it('stops although a client is busy and another has a transaction open', async () => {
    const one = hold(folder())
    const where = await held(one)
    const idle = postgres(clusterUrl(where, where, 'postgres'), { max: 1, onnotice: () => {} })
    await idle`begin; create table half (id int)`.simple()
    const busy = ask(where, (sql) => sql`select pg_sleep(600)`).catch(() => 'disconnected')
    const asleep = () => ask(where, (sql) => sql`select 1 from pg_stat_activity where wait_event = 'PgSleep'`)
    while ((await asleep()).length === 0);
    expect(await finish(one)).toBe(0)
    expect(await busy).toBe('disconnected')
    await idle.end({ timeout: 1 })
  })
})

describe('the embedded PostgreSQL after a kill -9', () => {
  it('of everything, starts again with what was committed', async () => {
    const directory = folder()
    const first = hold(directory)
    const where = await held(first)
    await remember(where)
    first.child.kill('SIGKILL')
    for (const pid of processesIn(realpathSync(data(where)))) signalProcess(pid, 'SIGKILL')
    await first.ended()
    expect(await remembered(await held(hold(directory)))).toBe(42)
  })

  it('of Keyward alone, stops the server that was left and starts its own', async () => {
    const directory = folder()
    const first = hold(directory)
    const where = await held(first)
    await remember(where)
    first.child.kill('SIGKILL')
    await first.ended()
    const left = processesIn(realpathSync(data(where)))
    expect(left).not.toEqual([])
    expect(await remembered(await held(hold(directory)))).toBe(42)
    for (const pid of left) expect(processesIn(realpathSync(data(where)))).not.toContain(pid)
  })

  it('of the postmaster alone, starts again once its orphans are gone', async () => {
    const directory = folder()
    const first = hold(directory)
    const where = await held(first)
    await remember(where)
    first.child.kill('SIGKILL')
    await first.ended()
    const postmaster = Number.parseInt(readFileSync(join(data(where), 'postmaster.pid'), 'utf8'), 10)
    signalProcess(postmaster, 'SIGKILL')
    expect(await remembered(await held(hold(directory)))).toBe(42)
  })

  it('in the middle of creating the data, creates it anew', async () => {
    const directory = folder()
    const first = hold(directory)
    expect(await waitUntil(() => readdirSync(directory).some((name) => name.startsWith('pgdata.new')), 60_000)).toBe(
      true,
    )
    first.child.kill('SIGKILL')
    await first.ended()
    await expect(ask(await held(hold(directory)), (sql) => sql`select 1 as one`)).resolves.toHaveLength(1)
  })

  it('with its process id taken by another program, starts and leaves that program alone', async () => {
    const directory = folder()
    const first = hold(directory)
    const where = await held(first)
    const note = readFileSync(join(data(where), 'postmaster.pid'), 'utf8')
    const holder = readFileSync(join(where.home, 'keyward.pid'), 'utf8')
    await finish(first)
    const other = start(['sleep', '600'])
    writeFileSync(join(data(where), 'postmaster.pid'), note.replace(/^\d+/, String(other.pid)))
    writeFileSync(join(where.home, 'keyward.pid'), holder.replace(/"pid":\d+/, `"pid":${other.pid}`))
    await held(hold(directory))
    expect(other.child.exitCode).toBeNull()
    other.child.kill('SIGKILL')
  })
})

describe('the embedded PostgreSQL, killed under a living Keyward', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)('by %s, is started again on the same port', async (signal) => {
    const where = await held(hold(folder()))
    await remember(where)
    const postmaster = () => Number.parseInt(readFileSync(join(data(where), 'postmaster.pid'), 'utf8'), 10)
    const before = postmaster()
    signalProcess(before, signal)
    for (let answer: unknown; answer !== 42; ) answer = await remembered(where).catch(() => undefined)
    expect(postmaster()).not.toBe(before)
  })
})

describe('a second Keyward on the same data', () => {
  it('is told the process id of the first, which goes on', async () => {
    const directory = folder()
    const first = hold(directory)
    const where = await held(first)
    const second = hold(directory)
    expect(await second.ended()).toBe(1)
    expect(second.output()).toContain(`process ${first.pid}`)
    expect(second.output()).toContain('DATA_DIR')
    await expect(ask(where, (sql) => sql`select 1 as one`)).resolves.toHaveLength(1)
  })

  it('of two that start at once on data of a killed one, exactly one gets it', async () => {
    const directory = folder()
    const killed = hold(directory)
    await held(killed)
    killed.child.kill('SIGKILL')
    await killed.ended()
    const both = [hold(directory), hold(directory)]
    const ends = await Promise.all(both.map((one) => one.says(/(host|already running)/)))
    expect(ends.map(([, word]) => word).toSorted()).toEqual(['already running', 'host'])
  })
})

describe.runIf(isRoot)('the embedded PostgreSQL, started by root', () => {
  it('starts in a folder that only root can enter', async () => {
    const where = await held(hold(join(ownFolder(folder(0o700), 'root only'), 'data')))
    await expect(ask(where, (sql) => sql`select 1 as one`)).resolves.toHaveLength(1)
  })

  it('starts for an ordinary account', async () => {
    const account = unprivileged()
    const directory = folder()
    chownSync(directory, account.uid, account.gid)
    const { uid, gid } = account
    const file = await bundle('cluster-holder.ts', packageForOthers())
    const where = await held(hold(join(directory, 'data'), { uid, gid, cwd: '/' }, file))
    expect(statSync(data(where)).uid).toBe(account.uid)
    await expect(ask(where, (sql) => sql`select 1 as one`)).resolves.toHaveLength(1)
  })

  it('where user namespaces are refused, runs as another account, and again, and later with namespaces', async () => {
    const directory = join(folder(), 'data')
    const without = { env: { PATH: pathWithoutNamespaces() } }
    const file = await bundle('cluster-holder.ts', packageForOthers())
    for (const options of [without, without, {}]) {
      const one = hold(directory, options, file)
      const where = await held(one)
      expect(statSync(data(where)).uid).not.toBe(0)
      expect(where.home).toBe(realpathSync(directory))
      await finish(one)
    }
  })

  it('where namespaces are refused and only root can enter, keeps the data in /var/lib/keyward', async () => {
    const directory = join(folder(0o700), 'data')
    const without = { env: { PATH: pathWithoutNamespaces() } }
    const first = hold(directory, without)
    const where = await held(first)
    moved.push(where.home)
    expect(where.home).toMatch(/^\/var\/lib\/keyward\//)
    await remember(where)
    await finish(first)
    expect(await remembered(await held(hold(directory)))).toBe(42)
  })
})

/** A PATH whose `unshare` says what a kernel without user namespaces says. */
function pathWithoutNamespaces(): string {
  const bin = folder()
  writeFileSync(
    join(bin, 'unshare'),
    '#!/bin/sh\necho "unshare: unshare failed: Operation not permitted" >&2\nexit 1\n',
    { mode: 0o755 },
  )
  return `${bin}:${process.env.PATH}`
}

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { childrenOf, isRunning } from '../testing/child-processes.ts'
import { testConnector, testJob } from '../testing/jobs.ts'
import { type Rogue, startRogue } from '../testing/rogue-postgres.ts'
import { TooBusy } from './driver.ts'
import { parsePolicy } from './egress.ts'
import { createConnector } from './pool.ts'

let mute: Rogue
const folder = mkdtempSync(join(tmpdir(), 'keyward-pool-'))

beforeAll(async () => {
  mute = await startRogue('never answers')
})
afterAll(async () => {
  await mute.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Process ids of the workers of this process. */
function workers(): number[] {
  return childrenOf(process.pid, 'worker.cjs')
}

describe('a connector', () => {
  test('keeps workers ready, and leaves no process when it is closed', async () => {
    const connector = testConnector({ warm: 3 })
    expect(workers()).toHaveLength(3)
    const run = connector.run(testJob('signIn', {}, { port: mute.port }), { userId: 'ada' })
    await connector.close()
    expect(await run).toMatchObject({ ok: false, code: 'internal' })
    expect(workers()).toEqual([])
    await expect(connector.run(testJob('signIn', {}, { port: 1 }), { userId: 'ada' })).rejects.toThrow(TooBusy)
  })

  test('wipes the secrets of a job, whatever came of it', async () => {
    const connector = testConnector({ warm: 1, perUser: 1, waitMilliseconds: 50 })
    const job = testJob('signIn', {}, { port: mute.port, limits: { milliseconds: 500 } })
    const refused = testJob('signIn', {}, { port: mute.port })
    const running = connector.run(job, { userId: 'ada' })
    await expect(connector.run(refused, { userId: 'ada' })).rejects.toThrow(TooBusy)
    await running
    for (const { credential } of [job, refused])
      expect(credential.fields.password?.expose().every((b) => b === 0)).toBe(true)
    await connector.close()
  })

  test('at its limits says when to try again, to each user and to all', async () => {
    const connector = testConnector({ warm: 0, perUser: 1, total: 2, waitMilliseconds: 50 })
    const start = (userId: string) =>
      connector.run(testJob('signIn', {}, { port: mute.port, limits: { milliseconds: 2_000 } }), { userId })
    const running = [start('ada'), start('ben')]
    await expect(start('ada')).rejects.toMatchObject({ retryAfterSeconds: expect.any(Number) })
    await expect(start('eve')).rejects.toThrow(TooBusy)
    expect(await Promise.all(running)).toMatchObject([{ code: 'limit.exceeded' }, { code: 'limit.exceeded' }])
    // The places are free when the workers have been cleared away.
    await vi.waitFor(() => expect(workers()).toEqual([]), 10_000)
    expect((await start('ada')).ok).toBe(false)
    await connector.close()
  })

  test('that is told to stop a job kills its worker at once', async () => {
    const connector = testConnector({ warm: 1 })
    const controller = new AbortController()
    const run = connector.run(testJob('signIn', {}, { port: mute.port }), { userId: 'ada', signal: controller.signal })
    await vi.waitFor(() => expect(mute.heard().length).toBeGreaterThan(0))
    controller.abort()
    const outcome = await run
    expect(outcome).toMatchObject({ ok: false, code: 'limit.exceeded' })
    expect(outcome.diagnosis.find((rung) => rung.state === 'failed')?.sentence).toBe('It was cancelled.')
    await connector.close()
    expect(workers()).toEqual([])
  })

  test('whose worker is killed answers internal', async () => {
    const connector = testConnector({ warm: 1 })
    const run = connector.run(testJob('signIn', {}, { port: mute.port }), { userId: 'ada' })
    for (const pid of workers()) process.kill(pid, 'SIGKILL')
    expect(await run).toMatchObject({ ok: false, code: 'internal' })
    await connector.close()
  })

  // Elsewhere V8 bounds what a worker uses, by ending it.
  test.runIf(existsSync('/proc/self/statm'))('ends a worker that uses more memory than its job may', async () => {
    const connector = testConnector({ warm: 0 })
    // With what a job may use beside its heap that is 10 MB, which is less than a process begins with.
    const limits = { heapMegabytes: -150 }
    const outcome = await connector.run(testJob('signIn', {}, { port: mute.port, limits }), { userId: 'ada' })
    expect(outcome).toMatchObject({ ok: false, code: 'limit.exceeded' })
    expect(outcome.diagnosis.find(({ state }) => state === 'failed')?.sentence).toContain('memory')
    await vi.waitFor(() => expect(workers()).toEqual([]), 10_000)
    await connector.close()
  })

  test('without a worker file answers internal', async () => {
    const { policy } = parsePolicy('self-managed', '', '')
    const connector = createConnector({ policy, workerFile: join(folder, 'none.js'), warm: 0 })
    const outcome = await connector.run(testJob('signIn', {}, { port: mute.port }), { userId: 'ada' })
    expect(outcome).toMatchObject({ ok: false, code: 'internal' })
    await connector.close()
  })

  test.each([
    ['nothing', 'null'],
    ['a word', "'done'"],
    ['of another kind', "{ kind: 'open', path: '/etc/passwd' }"],
    ['no rungs', "{ kind: 'rungs' }"],
    [
      'a rung that is none',
      "{ kind: 'rungs', rungs: [{ name: 'roof', state: 'passed', sentence: '', milliseconds: 1 }] }",
    ],
    ['words that cannot be stored', `{ kind: 'failed', rung: { ...rung, sentence: '\\u0000' } }`],
    ['a success that failed', `{ kind: 'failed', rung: { ...rung, code: 'ok' } }`],
  ])('whose worker was taken over and says %s ends it, and answers internal', async (_what, said) => {
    const rung = "{ name: 'tcp', code: 'tcp.refused', sentence: '', nextStep: '', detail: null, milliseconds: null }"
    const workerFile = join(folder, 'taken-over.cjs')
    writeFileSync(
      workerFile,
      `const rung = ${rung}
       process.send({ kind: 'ready' })
       process.once('message', () => process.send(${said}))
       process.on('disconnect', () => process.exit())
       setInterval(() => {}, 1000)`,
    )
    const { policy } = parsePolicy('self-managed', '', '')
    const connector = createConnector({ policy, workerFile, warm: 0 })
    const outcome = await connector.run(testJob('signIn', {}, { port: 1 }), { userId: 'ada' })
    expect(outcome).toMatchObject({ ok: false, code: 'internal' })
    await connector.close()
    rmSync(workerFile)
  })

  test('cancelling an import leaves no file', async () => {
    const connector = testConnector({ warm: 1 })
    const file = join(folder, 'cancelled.parquet')
    const source = { kind: 'table', schema: 'public', table: 't' } as const
    const job = testJob('import', { source, rowLimit: null, file }, { port: mute.port })
    const run = connector.run(job, { userId: 'ada', signal: AbortSignal.timeout(300) })
    expect(await run).toMatchObject({ ok: false, code: 'limit.exceeded' })
    expect(readdirSync(folder)).toEqual([])
    await connector.close()
  })
})

describe('a refused destination', () => {
  test('is never dialled, and says the same whether something listens there or not', async () => {
    let connections = 0
    const server = createServer(() => connections++)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const open = typeof address === 'object' && address !== null ? address.port : 0
    const connector = testConnector({ allow: '' })
    const answers: string[] = []
    for (const [host, port] of [
      ['127.0.0.1', open],
      ['127.0.0.1', 1],
      ['localhost', open],
      ['169.254.169.254', 80],
    ] as const) {
      const outcome = await connector.run(testJob('signIn', {}, { host, port }), { userId: 'ada' })
      expect(outcome).toMatchObject({ ok: false, code: 'policy.refused' })
      answers.push(JSON.stringify(outcome.diagnosis))
    }
    expect(new Set(answers).size).toBe(1)
    expect(connections).toBe(0)
    await connector.close()
    server.close()
  })
})

describe('a worker', () => {
  test('sees nothing of our environment', async () => {
    const planted = {
      PGPASSWORD: 'canary-1',
      PGHOST: 'canary.example',
      PGUSER: 'canary-2',
      PGOPTIONS: '-c canary=3',
      HOME: '/canary',
      NODE_OPTIONS: '--title=canary',
    }
    for (const [name, value] of Object.entries(planted)) vi.stubEnv(name, value)
    try {
      const connector = testConnector({ warm: 1 })
      const [pid = 0] = workers()
      const environment = execFileSync('cat', [`/proc/${pid}/environ`]).toString()
      expect(
        environment
          .split('\0')
          .filter(Boolean)
          .map((line) => line.split('=')[0])
          .sort(),
      ).toEqual(['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'PATH', 'TZ'])
      const rogue = await startRogue('asks for the password in the clear')
      for (const account of [{ password: '' }, { username: '' }, {}]) {
        await connector.run(testJob('signIn', {}, { port: rogue.port, ...account }), { userId: 'ada' })
      }
      expect(rogue.heard().toString('latin1')).not.toContain('canary')
      await rogue.close()
      await connector.close()
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test('ends with the process that started it', async () => {
    const script = `
      const { fork } = require('child_process')
      const child = fork(process.argv[1], [], { env: {}, stdio: ['ignore', 'ignore', 'ignore', 'ipc'], serialization: 'advanced' })
      child.on('message', () => { console.log(child.pid); process.kill(process.pid, 'SIGKILL') })`
    const worker = join(import.meta.dirname, '../../dist/worker.cjs')
    const { spawnSync } = await import('node:child_process')
    const pid = Number(spawnSync(process.execPath, ['-e', script, worker], { encoding: 'utf8' }).stdout)
    expect(pid).toBeGreaterThan(0)
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), 5_000)
  })
})

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { clusterUrl, startCluster } from '../src/db/embedded/cluster.ts'
import { createKeywardDatabase } from '../src/db/embedded/keyward-database.ts'
import { migrate } from '../src/db/migrate.ts'
import { packageRoot } from '../src/package-root.ts'
import { paths } from '../src/paths.ts'
import { type Keyward, setUp, startKeyward } from './keyward-process.ts'
import { atMost, type Measurement, noted } from './measurement.ts'
import { descendants, memoryOf } from './processes.ts'
import type { Workbench } from './workbench.ts'

const rounds = 3
const npmStart = ['npm', 'start', '--silent'] as const

/** From `npm start` to a page, at first and later, and what the web process then takes. */
export const start: Measurement = {
  name: 'start',
  title: `seconds from "npm start" to a served page, best of ${rounds}; memory of the web process 10 s later`,
  minutes: 5,
  async measure(bench) {
    const first: number[] = []
    const later: number[] = []
    let idle: Idle = { web: Number.NaN, workers: Number.NaN }
    for (let round = 1; round <= rounds; round++) {
      const directory = bench.folder()
      const fresh = await timed(() => openPage(bench, directory))
      first.push(fresh.seconds)
      const cookie = await setUp(fresh.value)
      await fresh.value.program.stop()
      const again = await timed(() => openPage(bench, directory))
      later.push(again.seconds)
      if (round === rounds) idle = await idleMemory(again.value, cookie)
      await again.value.program.stop()
    }
    return [
      atMost('first start', Math.min(...first), 8, ' s'),
      atMost('later start', Math.min(...later), 3, ' s'),
      atMost('web process when idle', idle.web, 150, ' MB'),
      noted('connector workers kept ready, together', idle.workers, ' MB'),
      ...(await parts(bench)),
    ]
  },
}

type Timed<T> = { readonly seconds: number; readonly value: T }
type Idle = { readonly web: number; readonly workers: number }

async function timed<T>(work: () => Promise<T> | T): Promise<Timed<T>> {
  const begun = performance.now()
  const value = await work()
  return { seconds: (performance.now() - begun) / 1000, value }
}

async function openPage(bench: Workbench, directory: string): Promise<Keyward> {
  const keyward = await startKeyward(bench, directory, { command: npmStart })
  const { status } = await fetch(keyward.setupAddress ?? keyward.address + paths.login())
  if (status !== 200) throw new Error(`The first page answered ${status}.`)
  return keyward
}

async function idleMemory({ program, address }: Keyward, cookie: string): Promise<Idle> {
  const { status } = await fetch(address + paths.credentials(), { headers: { Cookie: cookie } })
  if (status !== 200) throw new Error(`The page of someone signed in answered ${status}.`)
  await pause(10_000)
  const [web = program.pid] = descendants(program.pid, 'dist/main.js')
  const workers = descendants(web, 'dist/worker.cjs').map((pid) => memoryOf(pid, 'VmRSS'))
  return { web: memoryOf(web, 'VmRSS'), workers: workers.reduce((sum, one) => sum + one, 0) }
}

/** The same steps by themselves, on a folder of their own. */
async function parts(bench: Workbench) {
  const directory = join(bench.folder(), 'postgres')
  const npm = await timed(() => execFileSync('npm', ['run', '--silent', 'build'], { cwd: packageRoot() }))
  const fresh = await timed(() => startCluster({ directory }))
  bench.defer(() => fresh.value.stop())
  const { ownerUrl } = await createKeywardDatabase(fresh.value)
  const migration = await timed(() => migrate(ownerUrl, 'keyward_app'))
  const nothing = await timed(() => migrate(ownerUrl, 'keyward_app'))
  await fresh.value.stop()
  const again = await timed(() => startCluster({ directory }))
  bench.defer(() => again.value.stop())
  const listening = await timed(() => listen(bench, again.value))
  return [
    noted('of it: npm and the build', npm.seconds, ' s'),
    noted('of it: PostgreSQL, first', fresh.seconds, ' s'),
    noted('of it: PostgreSQL, later', again.seconds, ' s'),
    noted('of it: migrations, first', migration.seconds, ' s'),
    noted('of it: migrations, later', nothing.seconds, ' s'),
    noted('of it: the rest (Node.js, modules, keys, listening)', listening.seconds - nothing.seconds, ' s'),
  ]
}

/** Starts Keyward on a database that is there and migrated. */
async function listen(bench: Workbench, cluster: Awaited<ReturnType<typeof startCluster>>): Promise<void> {
  const directory = bench.folder()
  const keyFile = join(directory, 'bench.kek')
  execFileSync(process.execPath, ['dist/keyward.js', 'key', 'generate', '--file', keyFile], { cwd: packageRoot() })
  const { ownerUrl } = await createKeywardDatabase(cluster)
  const url = clusterUrl(cluster, cluster, 'keyward')
  const env = { DATABASE_URL: url, MIGRATION_DATABASE_URL: ownerUrl, KEYWARD_KEK_FILE: keyFile }
  await startKeyward(bench, directory, { env })
}

import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import type { Connector } from '../src/connector/driver.ts'
import { parsePolicy } from '../src/connector/egress.ts'
import { createConnector } from '../src/connector/pool.ts'
import { driver } from '../src/connector/registry.ts'
import { type Cluster, clusterUrl, startCluster } from '../src/db/embedded/cluster.ts'
import { withClient } from '../src/db/one-client.ts'
import { packageRoot } from '../src/package-root.ts'
import { Secret } from '../src/secrets/secret.ts'
import { atMost, type Measurement, median, noted } from './measurement.ts'
import type { Workbench } from './workbench.ts'

const rounds = 15
const coldRounds = 5

/** A sign-in through the connector against the same library by itself. */
export const signIn: Measurement = {
  name: 'sign-in',
  title: `milliseconds of a sign-in with a ready worker, and with none, against connecting and selecting by the same library in a warm process; in turns, median of ${rounds}`,
  minutes: 4,
  async measure(bench) {
    const target = await startCluster({ directory: join(bench.folder(), 'target') })
    bench.defer(() => target.stop())
    await withClient(clusterUrl(target, target, 'postgres'), (client) => client.query('create table one (id int)'))
    const warm = connectorOn(bench, target, 2)
    const cold = connectorOn(bench, target, 0)
    const [bare, ready, fresh]: number[][] = [[], [], []]
    for (let round = 0; round <= rounds; round++) {
      // Time for the next worker to be ready, and for nothing else to be going on.
      await pause(1_500)
      bare?.push(await timed(() => connectAndSelect(target)))
      ready?.push(await timed(() => signInOn(warm, target)))
      if (round <= coldRounds) fresh?.push(await timed(() => signInOn(cold, target)))
    }
    // The first of each warms up what stays warm.
    const [theirs, ours, first] = [bare, ready, fresh].map((times) => median(times?.slice(1) ?? [])) as [
      number,
      number,
      number,
    ]
    return [
      atMost('with a ready worker', ours, 1.3 * theirs, ' ms'),
      atMost('with none, 60 ms more allowed', first, 1.3 * theirs + 60, ' ms'),
      noted('the library by itself', theirs, ' ms'),
      noted('ready worker ÷ library', ours / theirs, ''),
    ]
  },
}

function connectorOn(bench: Workbench, target: Cluster, warm: number): Connector {
  const { policy } = parsePolicy('self-managed', `127.0.0.1:${target.port}`, '')
  const connector = createConnector({ policy, workerFile: join(packageRoot(), 'dist/worker.js'), warm })
  bench.defer(() => connector.close())
  return connector
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

async function connectAndSelect({ host, port, user, password }: Cluster): Promise<void> {
  const client = new pg.Client({ host, port, user, password, database: 'postgres', ssl: false })
  await client.connect()
  await client.query('select 1 from one limit 1')
  await client.end()
}

async function signInOn(connector: Connector, { host, port, user, password }: Cluster): Promise<void> {
  const parameters = { host, port: String(port), database: 'postgres', tls: 'disable' }
  const destination = driver('postgresql')?.destination(parameters)
  if (destination === undefined) throw new Error('There is no driver for PostgreSQL.')
  const fields = { username: new Secret(user), password: new Secret(password) }
  const limits = { milliseconds: 10_000, heapMegabytes: 256, cellCharacters: 100 }
  const account = { type: 'basic', fields }
  const outcome = await connector.run(
    {
      driver: 'postgresql',
      destination,
      parameters,
      credential: account,
      operation: 'signIn',
      input: {},
      limits,
      runId: 'bench',
    },
    { userId: 'bench' },
  )
  if (!outcome.ok) throw new Error(`The sign-in ended with ${outcome.code}.`)
}

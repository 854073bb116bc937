import { join } from 'node:path'
import type { Connector, Job, Limits, Operation, Operations } from '../connector/driver.ts'
import { parsePolicy } from '../connector/egress.ts'
import { createConnector } from '../connector/pool.ts'
import { driver } from '../connector/registry.ts'
import { packageRoot } from '../package-root.ts'
import { Secret } from '../secrets/secret.ts'
import { targetPassword } from './target.ts'

/** What a job of a test differs in from a sign-in of `reader` to `shop` without TLS. */
export type TestJob = {
  readonly port: number
  /** The id of the driver; PostgreSQL's where it is not given. */
  readonly driver?: string
  readonly host?: string
  readonly database?: string
  readonly tls?: string
  readonly ca?: string | undefined
  readonly username?: string
  readonly password?: string
  readonly knownExpiry?: string
  readonly limits?: Partial<Limits>
  /** Parameters beside those above. */
  readonly more?: Readonly<Record<string, string>>
}

/** Returns a job for one driver. */
export function testJob<O extends Operation>(operation: O, input: Operations[O]['input'], options: TestJob): Job<O> {
  const { port, driver: id = 'postgresql', host = 'localhost', database = 'shop', tls = 'disable', ca } = options
  const { username = 'reader', password = targetPassword, knownExpiry } = options
  const parameters = { host, port: String(port), database, tls, ...(ca === undefined ? {} : { ca }), ...options.more }
  const destination = driver(id)?.destination(parameters)
  if (destination === undefined) throw new Error(`There is no driver named ${id}.`)
  const fields = { username: new Secret(username), password: new Secret(password) }
  return {
    driver: id,
    destination,
    parameters,
    credential: { type: 'basic', fields, ...(knownExpiry === undefined ? {} : { knownExpiry }) },
    operation,
    input,
    limits: { milliseconds: 10_000, heapMegabytes: 256, cellCharacters: 100, ...options.limits },
    runId: 'test',
  }
}

/**
 * Returns a connector on the built worker that may reach this machine, unless `allow` says otherwise. It keeps no worker
 * ready unless `warm` says so: getting ready costs more than most jobs of tests.
 */
export function testConnector(
  options: { allow?: string; warm?: number; perUser?: number; total?: number; waitMilliseconds?: number } = {},
): Connector {
  const { allow = 'localhost, 127.0.0.1, ::1', warm = 0, ...sizes } = options
  const { policy } = parsePolicy('self-managed', allow, '')
  return createConnector({ policy, workerFile: join(packageRoot(), 'dist/worker.cjs'), warm, ...sizes })
}

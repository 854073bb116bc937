import { join } from 'node:path'
import { findCluster } from '../src/db/embedded/cluster.ts'
import { type KeywardDatabase, keywardDatabase } from '../src/db/embedded/keyward-database.ts'
import { packageRoot } from '../src/package-root.ts'
import { paths } from '../src/paths.ts'
import type { Program, Workbench } from './workbench.ts'

/** A running Keyward. */
export type Keyward = {
  readonly program: Program
  /** Such as `http://127.0.0.1:40123`. */
  readonly address: string
  /** The one-time address; undefined once it is set up. */
  readonly setupAddress: string | undefined
}

/** Starts Keyward on the data in `directory`, by `node dist/main.js` unless told, and resolves when it listens. */
export async function startKeyward(
  bench: Workbench,
  directory: string,
  options: { readonly command?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Keyward> {
  const { command = [process.execPath, '--enable-source-maps', 'dist/main.js'], env = {} } = options
  const settings = { DATA_DIR: directory, PORT: '0', DEPLOYMENT: 'managed', ...env }
  const program = bench.start(command, { cwd: packageRoot(), env: settings })
  const [banner] = await program.says(/Keyward is running[\s\S]*"msg":"started"/)
  const [, port] = banner.match(/Open http:\/\/\S+?:(\d+)/) ?? []
  const [, token] = banner.match(/token=([\w-]+)/) ?? []
  const address = `http://127.0.0.1:${port}`
  return { program, address, setupAddress: token === undefined ? undefined : address + paths.setup(token) }
}

/** Sets Keyward up through its page and resolves to the `Cookie` header of the administrator who is then signed in. */
export async function setUp({ address, setupAddress }: Keyward): Promise<string> {
  const form = { organization: 'Acme', name: 'Ada', email: 'ada@example.com', password: 'quartz lantern mosaic 7' }
  const response = await fetch(setupAddress ?? '', {
    method: 'POST',
    redirect: 'manual',
    headers: { Origin: address },
    body: new URLSearchParams({ ...form, 'stored-credentials': 'on' }),
  })
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0])
  const session = cookies.find((cookie) => cookie?.includes('session'))
  if (response.status !== 303 || session === undefined) throw new Error(`Setting up answered ${response.status}.`)
  return session
}

/** Returns the addresses of the database that the Keyward on `directory` runs. */
export async function databaseOf(directory: string): Promise<KeywardDatabase> {
  const cluster = await findCluster(join(directory, 'postgres'))
  if (cluster === undefined) throw new Error('Keyward runs no database there.')
  return keywardDatabase(cluster)
}

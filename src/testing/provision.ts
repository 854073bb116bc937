import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Programs that tests use and Debian has, by the package that brings each. */
const packages = {
  chromium: 'chromium-headless-shell',
  'clickhouse-server': 'clickhouse-server',
  faketime: 'faketime',
  mariadb: 'mariadb-client-core',
  mariadbd: 'mariadb-server-core',
  nginx: 'nginx-light',
  openssl: 'openssl',
  psql: 'postgresql-client',
  'swift-proxy-server': 'swift-proxy',
} as const
type Program = keyof typeof packages

/** Where else some may be, beside the search path. */
const places: Partial<Record<Program, readonly string[]>> = {
  // The one without windows first: a page costs it a third of what it costs the others.
  chromium: [
    '/usr/bin/chromium-headless-shell',
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ],
  mariadbd: ['/usr/sbin/mariadbd'],
  nginx: ['/usr/sbin/nginx'],
}

/**
 * Returns the path of a program, or undefined where it is not installed and cannot be: then it has printed what is
 * missing and how to install it. On Debian as root it installs the package.
 */
export function provide(program: Program): string | undefined {
  const found = find(program)
  if (found !== undefined) return found
  const install = `apt-get install -y --no-install-recommends ${packages[program]}`
  if (process.getuid?.() === 0 && find('apt-get' as Program) !== undefined) {
    process.stdout.write(`Installing ${packages[program]} for the tests…\n`)
    const quiet = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const
    spawnSync('sh', ['-c', `apt-get update; ${install}`], quiet)
  }
  const now = find(program)
  if (now === undefined) process.stdout.write(`Not tested here: what needs ${program}. Install it with "${install}".\n`)
  return now
}

/** Reports whether Python has the package `cryptography`, and says so where it has not. */
export function pythonReads(): boolean {
  const { status } = spawnSync('python3', ['-c', 'import cryptography'], { stdio: 'ignore' })
  if (status !== 0) process.stdout.write('Not tested here: the independent reader. Install python3-cryptography.\n')
  return status === 0
}

function find(program: Program): string | undefined {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program))
  return [...(places[program] ?? []), ...onPath].find(executable)
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

import { spawnSync } from 'node:child_process'
import { chownSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from '../../operator-error.ts'
import { childEnvironment } from './binaries.ts'
import type { Identity } from './identity.ts'
import { processesIn, signalProcess } from './processes.ts'

/** Reports whether `home` holds a finished data folder; a half-made one has another name. */
export function hasData(home: string): boolean {
  return existsSync(join(home, 'pgdata/PG_VERSION'))
}

/**
 * Creates `pgdata` in the identity's home: UTF-8 with the built-in C.UTF-8 locale (the same order on every system),
 * SCRAM, page checksums. It gets its name when it is complete. Throws a sentence with initdb's last words.
 */
export function createData(identity: Identity, password: string, durable: boolean): void {
  const { home, native, prefix, account } = identity
  removeDrafts(home)
  const draft = join(home, `${draftName}${process.pid}`)
  const passwordFile = join(home, 'initial-password')
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  if (account !== undefined) chownSync(passwordFile, account.uid, account.gid)
  try {
    const words = [
      ...prefix,
      join(native, 'bin/initdb'),
      ...parameters(draft, passwordFile),
      ...(durable ? [] : ['-N']),
    ]
    const result = spawnSync(words[0] ?? '', words.slice(1), {
      cwd: home,
      env: childEnvironment(),
      encoding: 'utf8',
      ...account,
    })
    if (result.status !== 0) throw new OperatorError(explain(home, result.stderr ?? result.error?.message ?? ''))
    renameSync(draft, join(home, 'pgdata'))
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

const draftName = 'pgdata.new-'

/** A killed Keyward may have left a draft, and an initdb that still works on it: it has a name of its own for that. */
function removeDrafts(home: string): void {
  for (const name of readdirSync(home).filter((one) => one.startsWith(draftName))) {
    const draft = join(home, name)
    for (const pid of processesIn(draft)) signalProcess(pid, 'SIGKILL')
    try {
      rmSync(draft, { recursive: true, force: true, maxRetries: 5 })
    } catch {
      // Its initdb is removing it too.
    }
  }
}

function parameters(draft: string, passwordFile: string): string[] {
  return [
    `--pgdata=${draft}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--set=dynamic_shared_memory_type=posix',
  ]
}

function explain(home: string, words: string): string {
  const last = words.trim().split('\n').at(-1) ?? ''
  return `Keyward's own database could not be created in ${home}: ${last || 'initdb gave no reason'}. Check that the disk has room and that this account may write there.`
}

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { OperatorError } from '../../operator-error.ts'

/** As whom and where PostgreSQL runs. */
export type Identity = {
  /** Words before the command, when something must change the identity on the way. */
  readonly prefix: readonly string[]
  /** The account to become; PostgreSQL refuses to run as root. */
  readonly account?: { readonly uid: number; readonly gid: number }
  /** The binaries it can read. */
  readonly native: string
  /** The folder it works in: `pgdata` and `lib` are in here. */
  readonly home: string
}

/**
 * Returns how to run the binaries of `native` on the data in `directory` from this account. An ordinary account runs them
 * itself. Root does it as an unprivileged id of a user namespace, in which root's own files stay its own, so a folder
 * that only root can enter is no obstacle; where namespaces are refused it becomes another account, and if that account
 * cannot reach the folder the cluster lives in `/var/lib/keyward`. Throws a sentence when nothing works.
 */
export function chooseIdentity(native: string, directory: string, isRoot = process.getuid?.() === 0): Identity {
  const here = { native, home: directory }
  if (!isRoot && hasName()) return { prefix: [], ...here }
  const other = otherAccount(directory)
  const namespace: Identity = { prefix: namespaced(other), ...here }
  const moved = isRoot ? movedHome(directory) : undefined
  const begun = moved !== undefined && existsSync(join(moved, 'pgdata'))
  if (!begun && isOwn(directory) && canWork(namespace)) return namespace
  if (moved === undefined) throw new OperatorError(noAccount)
  const became: Identity = { prefix: [], account: other, ...here }
  if (!begun && handOver(directory, other) && canWork(became)) return became
  return moveAway(native, moved, other)
}

const noAccount =
  'This account has no name in /etc/passwd, which PostgreSQL needs, and user namespaces are not permitted here. Run Keyward as a named account, or set DATABASE_URL to a PostgreSQL of yours.'

function hasName(): boolean {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}

function namespaced(account: { uid: number; gid: number }): string[] {
  return ['unshare', '--user', `--map-user=${account.uid}`, `--map-group=${account.gid}`, '--']
}

/** The account that has the data already, or a named one without privileges. */
function otherAccount(directory: string): { uid: number; gid: number } {
  const data = join(directory, 'pgdata')
  const owner = existsSync(data) ? statSync(data) : undefined
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter((account) => account.uid > 0 && account.gid > 0)
  const found = accounts.find((a) => a.name === 'postgres') ?? accounts.find((a) => a.name === 'nobody') ?? accounts[0]
  if (found === undefined) throw new OperatorError(noAccount)
  return found
}

function isOwn(directory: string): boolean {
  const data = join(directory, 'pgdata')
  return !existsSync(data) || statSync(data).uid === process.getuid?.()
}

/** Tries whether the identity can run the server and write to its home, by absolute names as PostgreSQL uses them. */
function canWork({ prefix, account, native, home }: Identity): boolean {
  const script = 'cd "$1" && test -w . && test -x "$2" && test -r "$3"'
  const words = [...prefix, '/bin/sh', '-c', script, 'sh', home, join(native, 'bin/postgres'), join(native, 'share')]
  const result = spawnSync(words[0] ?? '', words.slice(1), { stdio: 'ignore', cwd: '/', ...account })
  return result.status === 0
}

/** Gives the folder and the data in it to `account`; the files of Keyward itself stay root's. */
function handOver(directory: string, { uid, gid }: { uid: number; gid: number }): boolean {
  chownSync(directory, uid, gid)
  const data = join(directory, 'pgdata')
  if (existsSync(data) && statSync(data).uid !== uid) chownTree(data, uid, gid)
  return true
}

function movedHome(directory: string): string {
  return join('/var/lib/keyward', createHash('sha256').update(directory).digest('hex').slice(0, 16))
}

function moveAway(native: string, home: string, account: { uid: number; gid: number }): Identity {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  chmodSync(dirname(home), 0o755)
  const copy = join(home, 'native')
  if (!existsSync(join(copy, 'pg-symlinks.json'))) {
    cpSync(native, copy, { recursive: true, filter: (path) => !path.endsWith('.a') })
  }
  chownTree(home, account.uid, account.gid)
  const identity: Identity = { prefix: [], account, native: copy, home }
  if (canWork(identity)) return identity
  throw new OperatorError(
    `PostgreSQL does not run as root, and neither a user namespace nor the account ${account.uid} could be used. Run Keyward as an ordinary account, or set DATABASE_URL to a PostgreSQL of yours.`,
  )
}

function chownTree(path: string, uid: number, gid: number): void {
  chownSync(path, uid, gid)
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name)
    if (entry.isDirectory()) chownTree(inner, uid, gid)
    else if (entry.isFile()) chownSync(inner, uid, gid)
  }
}

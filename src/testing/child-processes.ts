import { execFileSync } from 'node:child_process'

/** Returns the ids of the living processes that `parent` started, those with `text` in their command line. */
export function childrenOf(parent: number, text = ''): number[] {
  return list()
    .filter(
      (one) => one.parent === parent && one.isAlive && one.command.includes(text) && !one.command.startsWith('ps '),
    )
    .map(({ pid }) => pid)
}

/** Reports whether a process is there and has not ended. */
export function isRunning(pid: number): boolean {
  return list().some((one) => one.pid === pid && one.isAlive)
}

function list() {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' }).trim().split('\n')
  return rows.map((row) => {
    const [pid, parent, state = '', ...words] = row.trim().split(/\s+/)
    return { pid: Number(pid), parent: Number(parent), isAlive: !state.startsWith('Z'), command: words.join(' ') }
  })
}

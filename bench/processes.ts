import { readdirSync, readFileSync } from 'node:fs'

/** Returns the processes that descend from `pid` and whose command line contains `text`. Empty where there is no /proc. */
export function descendants(pid: number, text: string): number[] {
  const children = childrenByParent()
  const below = (parent: number): number[] => (children.get(parent) ?? []).flatMap((child) => [child, ...below(child)])
  return below(pid).filter((one) => commandOf(one).includes(text))
}

/** Returns a line of /proc/PID/status in megabytes: `VmRSS` is resident now, `VmHWM` the most so far. 0 when it is gone. */
export function memoryOf(pid: number, line: 'VmRSS' | 'VmHWM'): number {
  const [, kilobytes] = read(`/proc/${pid}/status`).match(new RegExp(`^${line}:\\s+(\\d+) kB`, 'm')) ?? []
  return Number(kilobytes ?? 0) / 1024
}

/** Returns the processor time that processes have used so far, in milliseconds, in steps of ten. */
export function processorTimeOf(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const stat = read(`/proc/${pid}/stat`)
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0)
  })
  return ticks.reduce((sum, one) => sum + one, 0) * 10
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const stat = read(`/proc/${name}/stat`)
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  return children
}

function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from '../../operator-error.ts'
import { processBirth, waitUntil } from './processes.ts'

/** Who holds a data folder: a server stays, a command is gone in a moment. */
export type Holder = { readonly pid: number; readonly birth: string; readonly purpose: 'server' | 'command' }

/** Returns the live process that holds `directory`, if any. A note left by a dead one counts as none. */
export function holderOf(directory: string): Holder | undefined {
  const holder = readHolder(join(directory, noteName))
  return holder !== undefined && processBirth(holder.pid) === holder.birth ? holder : undefined
}

/**
 * Makes this process the only holder of `directory` and returns how to let go. Waits for a command that holds it to
 * finish; throws a sentence with the other's process id when a server does.
 */
export async function holdDirectory(directory: string, purpose: Holder['purpose']): Promise<() => void> {
  const mine: Holder = { pid: process.pid, birth: processBirth(process.pid) ?? 'unknown', purpose }
  const note = join(directory, noteName)
  const taken = () => takeNote(note, mine)
  const patience = 30_000
  if (!taken()) {
    await waitUntil(() => holderOf(directory)?.purpose === 'server' || taken(), patience)
    if (readHolder(note)?.pid !== mine.pid) throw new DirectoryHeld(directory, holderOf(directory)?.pid)
  }
  return () => {
    if (readHolder(note)?.pid === mine.pid) rmSync(note, { force: true })
  }
}

/** Another Keyward works with this data folder. */
export class DirectoryHeld extends OperatorError {
  constructor(directory: string, pid: number | undefined) {
    super(
      `Another Keyward${pid === undefined ? '' : ` (process ${pid})`} is already running on the data in ${directory}. Stop it first, or set DATA_DIR to another folder.`,
    )
  }
}

const noteName = 'keyward.pid'

/** Takes the note if nobody has it. A link to a finished file appears whole or not at all. */
function takeNote(note: string, mine: Holder): boolean {
  const draft = `${note}.${mine.pid}`
  removeStale(note)
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 })
  try {
    linkSync(draft, note)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  } finally {
    rmSync(draft, { force: true })
  }
}

function removeStale(note: string): void {
  const seen = readHolder(note)
  if (seen !== undefined && processBirth(seen.pid) === seen.birth) return
  // Moved aside before it is judged again, so that a note that someone took meanwhile is put back, not lost.
  const aside = `${note}.stale-${process.pid}`
  try {
    renameSync(note, aside)
  } catch {
    return
  }
  const moved = readHolder(aside)
  if (moved !== undefined && processBirth(moved.pid) === moved.birth) renameSync(aside, note)
  else rmSync(aside, { force: true })
}

function readHolder(note: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(note, 'utf8')) as Holder
  } catch {
    return undefined
  }
}

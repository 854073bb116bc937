import { readFileSync } from 'node:fs'
import { type Checkpoint, checkpoint, verifyLedger } from '../audit/verify.ts'
import { composed, withDatabase } from '../compose.ts'
import { loadConfig } from '../config.ts'
import { OperatorError } from '../operator-error.ts'
import { type Command, type Invocation, NothingFound, type Status, status } from './command.ts'

/** `keyward audit …`: whether the ledger is whole. */
export const auditCommands: readonly Command[] = [
  {
    name: 'audit verify',
    summary: 'Check every entry of the ledger, and its end against a checkpoint',
    usage: '[--checkpoint FILE]',
    options: { checkpoint: { type: 'string' } },
    run: verify,
  },
  {
    name: 'audit checkpoint',
    summary: 'Print the end of the ledger, to be kept elsewhere for "audit verify"',
    usage: '',
    options: {},
    run: print,
  },
]

async function verify(invocation: Invocation): Promise<Status> {
  const file = invocation.text('checkpoint')
  const known = file === undefined ? undefined : readCheckpoint(file)
  const report = await composed(loadConfig(invocation.environment), ({ db, keys }) =>
    verifyLedger(db, keys.auditKey, known),
  )
  if (report.ok) {
    const against = known === undefined ? '' : ` The ledger continues the checkpoint at entry ${known.sequence}.`
    invocation.answer([`All ${report.entries} entries hold.${against}`], report)
    return status.done
  }
  invocation.answer([`Entry ${report.sequence} does not hold: ${report.problem}`], report)
  return status.failed
}

async function print({ environment, answer }: Invocation): Promise<Status> {
  const end = await withDatabase(loadConfig(environment), checkpoint)
  if (end === null) throw new NothingFound('The ledger is empty: nothing has happened yet.')
  // The same for people and programs: the file is what "audit verify --checkpoint" reads.
  answer([JSON.stringify(end)], end)
  return status.done
}

function readCheckpoint(file: string): Checkpoint {
  const unreadable = () =>
    new OperatorError(`${file} is not a checkpoint. Make one with "keyward audit checkpoint > ${file}".`)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new OperatorError(`${file} cannot be read. Name a file made with "keyward audit checkpoint".`)
  }
  try {
    const { sequence, hash } = JSON.parse(text) as Partial<Checkpoint>
    if (typeof sequence !== 'number' || typeof hash !== 'string') throw unreadable()
    return { sequence, hash }
  } catch {
    throw unreadable()
  }
}

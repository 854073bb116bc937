import type { ParseArgsConfig } from 'node:util'
import type { Terminal } from './terminal.ts'

/** Exit statuses of every command. */
export const status = {
  done: 0,
  /** Refused, or failed. */
  failed: 1,
  /** The command line cannot be understood. */
  usage: 2,
  /** There was nothing where something was expected. */
  nothing: 3,
} as const
export type Status = (typeof status)[keyof typeof status]

/** One command of `keyward`. A command file exports them; `registry.ts` lists the files. */
export type Command = {
  /** One or two words, as typed. */
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** What follows the name, as shown by --help. */
  readonly usage: string
  /** Options of `node:util` parseArgs; `--json` and `--help` are everywhere. None may take a secret. */
  readonly options: NonNullable<ParseArgsConfig['options']>
  /** Names of the words expected after the options; all must be there. */
  readonly words?: readonly string[]
  run(invocation: Invocation): Promise<Status>
}

/** What a command is run with. */
export type Invocation = {
  readonly environment: NodeJS.ProcessEnv
  readonly terminal: Terminal
  text(option: string): string | undefined
  flag(option: string): boolean
  word(index: number): string
  /** Shows a result: lines to people, `data` with --json. */
  answer(lines: readonly string[], data: unknown): void
}

/** The command line lacks or doubles something. The message is a sentence with the next step. */
export class UsageError extends Error {}

/** Something expected is not there; ends with status 3. */
export class NothingFound extends Error {}

/** Returns the text of a required option. Throws `UsageError`. */
export function required(invocation: Invocation, option: string): string {
  const value = invocation.text(option)
  if (value === undefined || value === '') throw new UsageError(`--${option} is missing.`)
  return value
}

import { parseArgs } from 'node:util'
import { failureSentence } from '../failure-sentence.ts'
import { type Command, type Invocation, NothingFound, type Status, status, UsageError } from './command.ts'
import type { Terminal } from './terminal.ts'

/**
 * Runs the command that `words` name and resolves to the exit status. Answers go to standard output, everything else to
 * standard error. Errors that are not ours are named without their message, which may repeat data.
 */
export async function runCommand(
  commands: readonly Command[],
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
  terminal: Terminal,
): Promise<Status> {
  if (words.length === 0 || /^(--help|-h|help)$/.test(words[0] ?? '')) {
    terminal.print(overview(commands))
    return words.length === 0 ? status.usage : status.done
  }
  const command = findCommand(commands, words)
  if (command === undefined) {
    terminal.complain(`There is no command "${words.slice(0, 2).join(' ')}". Run "keyward --help" for the list.`)
    return status.usage
  }
  return runOne(command, words.slice(command.name.split(' ').length), environment, terminal)
}

async function runOne(
  command: Command,
  rest: readonly string[],
  environment: NodeJS.ProcessEnv,
  terminal: Terminal,
): Promise<Status> {
  try {
    const invocation = parse(command, rest, environment, terminal)
    if (invocation.flag('help')) {
      terminal.print(`keyward ${command.name} ${command.usage}`.trim())
      terminal.print(command.summary)
      return status.done
    }
    if (command.words?.some((_, index) => invocation.word(index) === '')) throw new UsageError('Something is missing.')
    return await command.run(invocation)
  } catch (error) {
    return explain(error, command, terminal)
  }
}

function parse(
  command: Command,
  rest: readonly string[],
  environment: NodeJS.ProcessEnv,
  terminal: Terminal,
): Invocation {
  const { values, positionals } = parseWords(command, rest)
  return {
    environment,
    terminal,
    text: (option) => {
      const value = values[option]
      return typeof value === 'string' ? value : undefined
    },
    flag: (option) => values[option] === true,
    word: (index) => positionals[index] ?? '',
    answer: (lines, data) => {
      if (values.json === true) terminal.print(JSON.stringify(data))
      else for (const line of lines) terminal.print(line)
    },
  }
}

type Words = { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] }

function parseWords(command: Command, rest: readonly string[]): Words {
  try {
    const { values, positionals } = parseArgs({
      args: [...rest],
      options: { ...command.options, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
      strict: true,
    })
    const surplus = positionals.length > (command.words?.length ?? 0)
    if (!surplus) return { values, positionals }
  } catch {
    // Node's message repeats what was typed; it may be a password in a place where none belongs.
  }
  throw new UsageError('That is not how this command is used.')
}

function explain(error: unknown, command: Command, terminal: Terminal): Status {
  if (error instanceof UsageError) {
    terminal.complain(`${error.message} Use: keyward ${command.name} ${command.usage}`.trim())
    return status.usage
  }
  if (error instanceof NothingFound) {
    terminal.complain(error.message)
    return status.nothing
  }
  terminal.complain(failureSentence(error))
  return status.failed
}

function findCommand(commands: readonly Command[], words: readonly string[]): Command | undefined {
  const two = words.slice(0, 2).join(' ')
  return commands.find(({ name }) => name === two) ?? commands.find(({ name }) => name === words[0])
}

function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  return ['keyward <command> [options]', '', ...lines, '', 'Every command takes --json and --help.'].join('\n')
}

import { describe, expect, it } from 'vitest'
import { OperatorError } from '../operator-error.ts'
import { Secret } from '../secrets/secret.ts'
import { type Command, NothingFound, required, status } from './command.ts'
import { commands } from './registry.ts'
import { runCommand } from './run.ts'
import type { Terminal } from './terminal.ts'

const commandThat = (run: Command['run'], words: string[] = []): Command => ({
  name: 'thing do',
  summary: 'Do a thing',
  usage: '--name N',
  options: { name: { type: 'string' } },
  words,
  run,
})

async function run(command: Command, ...words: string[]) {
  const said: string[] = []
  const terminal: Terminal = {
    print: (text) => void said.push(text),
    complain: (text) => void said.push(`! ${text}`),
    readSecret: async () => new Secret(''),
    askNewSecret: async () => undefined,
  }
  const exit = await runCommand([command], words, {}, terminal)
  return { exit, said: said.join('\n') }
}

const answering = commandThat(async (invocation) => {
  invocation.answer([`Did ${required(invocation, 'name')}.`], { name: invocation.text('name') })
  return status.done
})

describe('keyward', () => {
  it('answers in words, and in JSON with --json', async () => {
    expect(await run(answering, 'thing', 'do', '--name', 'it')).toEqual({ exit: 0, said: 'Did it.' })
    expect(await run(answering, 'thing', 'do', '--name', 'it', '--json')).toEqual({ exit: 0, said: '{"name":"it"}' })
  })

  it('with a required option missing, ends with 2 and shows the usage', async () => {
    expect(await run(answering, 'thing', 'do')).toEqual({
      exit: 2,
      said: '! --name is missing. Use: keyward thing do --name N',
    })
  })

  it.each([['--password', 'canary-6c1f0a'], ['--password=canary-6c1f0a'], ['canary-6c1f0a']])(
    'with an argument that has no place (%s), ends with 2 and does not repeat it',
    async (...words) => {
      const { exit, said } = await run(answering, 'thing', 'do', ...words)
      expect(exit).toBe(2)
      expect(said).not.toContain('canary')
    },
  )

  it('with a word missing, ends with 2', async () => {
    expect(
      (
        await run(
          commandThat(async () => status.done, ['FILE']),
          'thing',
          'do',
        )
      ).exit,
    ).toBe(2)
  })

  it('without a command, or with one that is not there, ends with 2', async () => {
    expect((await run(answering)).exit).toBe(2)
    const { exit, said } = await run(answering, 'thing', 'undo')
    expect({ exit, said }).toEqual({
      exit: 2,
      said: '! There is no command "thing undo". Run "keyward --help" for the list.',
    })
  })

  it('with --help, ends with 0 and runs nothing', async () => {
    const never = commandThat(() => Promise.reject(new Error('ran')))
    expect((await run(never, 'thing', 'do', '--help')).exit).toBe(0)
    expect((await run(never, '--help')).said).toContain('Do a thing')
  })

  it('when something expected is not there, ends with 3', async () => {
    const { exit, said } = await run(
      commandThat(() => Promise.reject(new NothingFound('There is none.'))),
      'thing',
      'do',
    )
    expect({ exit, said }).toEqual({ exit: 3, said: '! There is none.' })
  })

  it('when refused, ends with 1 and says why', async () => {
    const refusing = commandThat(() => Promise.reject(new OperatorError('Not now. Wait.')))
    expect(await run(refusing, 'thing', 'do')).toEqual({ exit: 1, said: '! Not now. Wait.' })
  })

  it('when a library fails, ends with 1 and does not repeat its message', async () => {
    const failing = commandThat(() => Promise.reject(new Error('params: canary-6c1f0a')))
    const { exit, said } = await run(failing, 'thing', 'do')
    expect(exit).toBe(1)
    expect(said).not.toContain('canary')
  })
})

describe.each(commands.map((command) => [command.name, command] as const))('keyward %s', (_name, command) => {
  it('takes no secret as an argument', () => {
    const suspicious = Object.keys(command.options).filter((name) => /password|secret|token|kek/.test(name))
    expect(suspicious.filter((name) => command.options[name]?.type !== 'boolean')).toEqual([])
  })

  it('names each of its options in its usage, and no other', () => {
    const named = [...command.usage.matchAll(/--([a-z-]+)/g)].map(([, name]) => name)
    expect(named.toSorted()).toEqual(Object.keys(command.options).sort())
  })
})

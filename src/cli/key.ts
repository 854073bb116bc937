import { resolve } from 'node:path'
import { generateKeyFile, readKeyFile } from '../secrets/kek/file.ts'
import { type Command, type Invocation, required, type Status, status } from './command.ts'

/** `keyward key …`: the keys that protect stored secrets. */
export const keyCommands: readonly Command[] = [
  {
    name: 'key generate',
    summary: 'Make a file with a new key-encryption key',
    usage: '--file PATH',
    options: { file: { type: 'string' } },
    run: generate,
  },
]

async function generate(invocation: Invocation): Promise<Status> {
  const file = resolve(required(invocation, 'file'))
  generateKeyFile(file)
  const fingerprint = readKeyFile(file)[0]?.fingerprint ?? ''
  invocation.answer(
    [`Made ${file} (key ${fingerprint}). Set KEYWARD_KEK_FILE to it, and keep a copy in a safe place.`],
    { file, fingerprint },
  )
  return status.done
}

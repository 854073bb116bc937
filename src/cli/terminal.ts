import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { OperatorError } from '../operator-error.ts'
import { Secret } from '../secrets/secret.ts'

/** Where a command reads and writes; tests bring their own. */
export type Terminal = {
  print(text: string): void
  complain(text: string): void
  /** The whole standard input without one final line break, as a secret. */
  readSecret(): Promise<Secret>
  /** Asks for a new secret twice, without echo; undefined where there is no terminal to ask at. Throws when they differ. */
  askNewSecret(question: string): Promise<Secret | undefined>
}

/** Returns the terminal of this process. */
export function processTerminal(): Terminal {
  return {
    print: (text) => void process.stdout.write(`${text}\n`),
    complain: (text) => void process.stderr.write(`${text}\n`),
    readSecret: readStandardInput,
    askNewSecret: (question) => (process.stdin.isTTY ? askTwice(question) : Promise.resolve(undefined)),
  }
}

async function readStandardInput(): Promise<Secret> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return new Secret(withoutFinalLineBreak(Buffer.concat(chunks)))
}

function withoutFinalLineBreak(bytes: Buffer): Buffer {
  const text = bytes.at(-1) === 0x0a ? bytes.subarray(0, -1) : bytes
  return text.at(-1) === 0x0d && text.length < bytes.length ? text.subarray(0, -1) : text
}

async function askTwice(question: string): Promise<Secret> {
  const first = await askWithoutEcho(`${question}: `)
  if (first === (await askWithoutEcho(`${question}, again: `))) return new Secret(first)
  throw new OperatorError('The two differ. Nothing was changed; run the command again.')
}

/** Readline echoes what is typed into its output; this output drops it. */
function askWithoutEcho(question: string): Promise<string> {
  process.stderr.write(question)
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silence, terminal: true })
  return new Promise((resolve, reject) => {
    lines.once('SIGINT', () => {
      lines.close()
      process.stderr.write('\n')
      reject(new OperatorError('Stopped. Nothing was changed.'))
    })
    lines.question('', (answer) => {
      lines.close()
      process.stderr.write('\n')
      resolve(answer)
    })
  })
}

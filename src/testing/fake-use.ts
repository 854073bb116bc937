import type { UserActor } from '../access/actor.ts'
import type { Imported, Operation, Outcome } from '../connector/driver.ts'
import type { Secret } from '../secrets/secret.ts'
import type { ConnectionRequest, RunOptions } from '../sign-ins/use-connection.ts'
import { signedIn } from './domain.ts'
import { writeSealed } from './sealed.ts'

type Call = ConnectionRequest<Operation>

/** Bytes of a file that it makes. */
export const fakeSize = 74 + 4 + 16

/** See `fakeUse`. */
export type FakeUse = {
  readonly calls: Call[]
  readonly passwords: string[]
  mostAtOnce: number
  throws: Error[]
  /** What a call answers at once, or undefined to write a file like the connector does. */
  answer: (call: Call) => Outcome<never> | undefined
  /** Lets imports end; until then they wait, and a signal ends them. */
  release(): void
  hold(): void
  progress(progress: { rows: number; bytes: number }): void
  run(actor: UserActor, call: Call, options?: RunOptions): Promise<never>
}

/** A use of connections that plays the connector's part: it wipes accounts, obeys signals, and writes whole files. */
export function fakeUse(): FakeUse {
  let gate = newGate()
  let working = 0
  const listeners = new Set<NonNullable<RunOptions['onProgress']>>()
  const fake: FakeUse = {
    calls: [],
    passwords: [],
    mostAtOnce: 0,
    throws: [],
    answer: () => undefined,
    release: () => gate.open(),
    hold: () => {
      gate = newGate()
    },
    progress: (progress) => {
      for (const listener of listeners) listener(progress)
    },
    async run(_actor, call, options = {}) {
      if (call.account.kind === 'typed') {
        fake.passwords.push(call.account.fields.password?.expose().toString() ?? '')
        for (const secret of Object.values(call.account.fields)) secret.wipe()
      }
      const error = fake.throws.shift()
      if (error !== undefined) throw error
      fake.calls.push(call)
      working++
      fake.mostAtOnce = Math.max(fake.mostAtOnce, working)
      if (options.onProgress) listeners.add(options.onProgress)
      options.onLetIn?.()
      const aborted = new Promise<'aborted'>((resolve) => {
        if (options.signal?.aborted) resolve('aborted')
        options.signal?.addEventListener('abort', () => resolve('aborted'))
      })
      const ended = await Promise.race([gate.opened, aborted])
      working--
      if (ended === 'aborted') return { ok: false, code: 'limit.exceeded', diagnosis: [] } as never
      const answer = fake.answer(call)
      if (answer !== undefined) return answer as never
      const { file, key } = call.input as { file: string; key: Secret }
      writeSealed(file, key, Buffer.from('PAR1'))
      const value: Imported = { rows: 5, bytes: fakeSize, columns: [{ name: 'id', type: 'INTEGER' }] }
      return { ...signedIn, value } as never
    },
  }
  return fake
}

function newGate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

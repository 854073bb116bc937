import { availableParallelism } from 'node:os'
import { hash as argon2, verify as argon2Verify } from '@node-rs/argon2'
import type { Secret } from '../secrets/secret.ts'
import { maximumCharacters, passwordProblem } from './password-rules.ts'
import { createQueue } from './queue.ts'

/** What argon2id costs: KiB of memory, passes, lanes. */
export type HashParameters = { readonly memoryCost: number; readonly timeCost: number; readonly parallelism: number }

/** The least that is used anywhere (OWASP); raising it re-hashes each password when its owner next signs in. */
export const hashParameters: HashParameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export type Passwords = {
  /** Returns why this password may not be chosen, as a sentence, or null. */
  problem(password: Secret | undefined, about: readonly string[]): Promise<string | null>
  /** Returns the argon2id hash (PHC text) of the exact bytes. Throws `TooManySignIns` when too many wait. */
  hash(password: Secret): Promise<string>
  /** Does the same work whether or not there is a hash; without one the answer is always false. */
  matches(password: Secret | undefined, hash: string | null): Promise<boolean>
  /** Reports whether a hash was made with cheaper parameters than today's. */
  isOutdated(hash: string): boolean
}

/** Returns the hasher of this process. At most half of the processors hash at once, so that pages still answer. */
export function createPasswords(options: { parameters?: HashParameters; width?: number } = {}): Passwords {
  const { parameters = hashParameters } = options
  const { width = Math.min(4, Math.max(1, Math.floor(availableParallelism() / 2))) } = options
  const queued = createQueue({ width, waiting: 40, milliseconds: 10_000 })
  let decoy: Promise<string> | undefined

  return {
    problem: passwordProblem,
    hash: (password) => queued(() => argon2(password.expose(), parameters)),

    async matches(password, hash) {
      // Nobody's password is this long or empty: no hash of it can match, and none is computed of a megabyte.
      if (password === undefined || password.length > maximumCharacters * 4) return false
      decoy ??= argon2('nobody has this password', parameters)
      const against = hash ?? (await decoy)
      const matched = await queued(() => argon2Verify(against, password.expose()))
      return matched && hash !== null
    },

    isOutdated(hash) {
      const [, memory, time, lanes] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$/.exec(hash) ?? []
      const made = [Number(memory), Number(time), Number(lanes)]
      const wanted = [parameters.memoryCost, parameters.timeCost, parameters.parallelism]
      return !wanted.every((least, index) => (made[index] ?? 0) >= least)
    },
  }
}

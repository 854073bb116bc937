/** Thrown when more people sign in at once than this server takes: the caller answers 429. */
export class TooManySignIns extends Error {
  readonly retryAfterSeconds: number
  constructor(retryAfterSeconds: number) {
    super('Many people are signing in right now. Try again in a few seconds.')
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** Runs at most `width` tasks at once and lets at most `waiting` more wait; beyond that it throws `TooManySignIns`. */
export function createHashQueue(width: number, waiting: number): <T>(task: () => Promise<T>) => Promise<T> {
  const queue: (() => void)[] = []
  let running = 0

  async function slot(): Promise<void> {
    if (running < width) {
      running += 1
      return
    }
    if (queue.length >= waiting) throw new TooManySignIns(5)
    // Whoever finishes hands its slot over, so `running` stays as it is.
    await new Promise<void>((resume) => queue.push(resume))
  }

  return async (task) => {
    await slot()
    try {
      return await task()
    } finally {
      const next = queue.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}

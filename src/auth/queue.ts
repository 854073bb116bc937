/** Thrown when more people sign in at once than this server takes: the caller answers 429. */
export class TooManySignIns extends Error {
  readonly retryAfterSeconds: number
  constructor(retryAfterSeconds: number) {
    super('Many people are signing in right now. Try again in a few seconds.')
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** Bounds of a queue: tasks at once, tasks that may wait, and how long one waits. */
export type QueueLimits = { readonly width: number; readonly waiting: number; readonly milliseconds: number }

/**
 * Runs tasks, at most `width` at once. One that finds no room to wait, or waited too long, throws `TooManySignIns` and has
 * cost nothing. A flood is slowed down by waiting: refusing at once would have it come back at once.
 */
export function createQueue(limits: QueueLimits): <T>(task: () => Promise<T>) => Promise<T> {
  const { width, waiting, milliseconds } = limits
  // In the order of arrival; a set, so that who gives up leaves without a search.
  const queue = new Set<() => void>()
  let running = 0

  function slot(): Promise<void> {
    if (running < width) {
      running += 1
      return Promise.resolve()
    }
    if (queue.size >= waiting) return Promise.reject(new TooManySignIns(5))
    return new Promise((resolve, reject) => {
      const resume = () => {
        clearTimeout(patience)
        resolve()
      }
      const patience = setTimeout(() => {
        queue.delete(resume)
        reject(new TooManySignIns(5))
      }, milliseconds)
      queue.add(resume)
    })
  }

  return async (task) => {
    await slot()
    try {
      return await task()
    } finally {
      const [next] = queue
      // Whoever finishes hands its slot over, so `running` stays as it is.
      if (next === undefined) running -= 1
      else queue.delete(next)
      next?.()
    }
  }
}

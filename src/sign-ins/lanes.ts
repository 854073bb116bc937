/** Runs work as soon as there is a lane for it, in the order in which it was given. */
export type Lanes = <T>(work: () => Promise<T>) => Promise<T>

/** Returns lanes in which at most `most` pieces of work go on at a time. */
export function createLanes(most: number): Lanes {
  const waiting: (() => void)[] = []
  let free = most
  return async (work) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free += 1
      else next()
    }
  }
}

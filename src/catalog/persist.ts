import { setTimeout as pause } from 'node:timers/promises'

/** Tries for half a minute to write to the database: an import of hours is not thrown away for a restart of it. */
export async function persist<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write()
    } catch (error) {
      if (attempt >= 15) throw error
      await pause(2000, undefined, { ref: false })
    }
  }
}

import { TooBusy } from './driver.ts'

/** How many jobs may run at once, and how many may wait for how long until one of them has ended. */
export type PlaceLimits = {
  readonly perUser: number
  readonly total: number
  /** Of `total`, what work that nobody waits for leaves to people. */
  readonly reserved: number
  /** Of all users together; nobody has more waiting than they may have running. */
  readonly waiting: number
  readonly waitMilliseconds: number
}

/** Who wants a place. Work in the `background` takes none of the last ones and never waits. */
export type PlaceRequest = {
  readonly userId: string
  readonly background?: boolean
  readonly signal?: AbortSignal
}

/** Gives the place back; called once. */
export type Leave = () => void

export type Places = ReturnType<typeof createPlaces>

type Waiting = { readonly userId: string; enter(): void; refuse(): void }

/**
 * Returns the places in which jobs run. When all are taken a job waits a moment; a free place goes to whoever waits and has
 * the fewest jobs running, and among those to who came first, so that nobody's many keep out another's one.
 */
export function createPlaces(limits: PlaceLimits) {
  const { perUser, total, reserved, waitMilliseconds } = limits
  const running = new Map<string, number>()
  const queue: Waiting[] = []
  let taken = 0
  let closed = false

  const runningOf = (userId: string) => running.get(userId) ?? 0
  const hasRoom = (userId: string, most: number) => taken < most && runningOf(userId) < perUser
  const busy = (userId: string) => new TooBusy(runningOf(userId) >= perUser ? 5 : 2)

  function enter(userId: string): Leave {
    taken++
    running.set(userId, runningOf(userId) + 1)
    return () => {
      taken--
      const left = runningOf(userId) - 1
      if (left === 0) running.delete(userId)
      else running.set(userId, left)
      admitNext()
    }
  }

  function admitNext(): void {
    for (let next = whoseTurn(); next !== undefined; next = whoseTurn()) next.enter()
  }

  function whoseTurn(): Waiting | undefined {
    const fitting = queue.filter(({ userId }) => hasRoom(userId, total))
    const fewest = Math.min(...fitting.map(({ userId }) => runningOf(userId)))
    return fitting.find(({ userId }) => runningOf(userId) === fewest)
  }

  function wait({ userId, signal }: PlaceRequest): Promise<Leave> {
    return new Promise((resolve, reject) => {
      const leaveQueue = () => {
        queue.splice(queue.indexOf(waiting), 1)
        clearTimeout(clock)
        signal?.removeEventListener('abort', giveUp)
      }
      const refuse = () => {
        leaveQueue()
        reject(busy(userId))
      }
      const giveUp = () => {
        leaveQueue()
        reject(new GaveUp())
      }
      const waiting: Waiting = {
        userId,
        refuse,
        enter: () => {
          leaveQueue()
          resolve(enter(userId))
        },
      }
      const clock = setTimeout(refuse, waitMilliseconds)
      signal?.addEventListener('abort', giveUp)
      queue.push(waiting)
    })
  }

  return {
    /** Resolves with what gives the place back. Rejects with TooBusy, or with GaveUp where `signal` came first. */
    async take(request: PlaceRequest): Promise<Leave> {
      const { userId, background = false, signal } = request
      if (closed) throw busy(userId)
      if (signal?.aborted) throw new GaveUp()
      if (hasRoom(userId, background ? Math.max(1, total - reserved) : total)) return enter(userId)
      const own = queue.filter((one) => one.userId === userId).length
      if (background || queue.length >= limits.waiting || own >= perUser) throw busy(userId)
      return wait(request)
    },

    /** Refuses whoever waits, and everyone from now on. */
    close(): void {
      closed = true
      for (const one of [...queue]) one.refuse()
    },
  }
}

/** Whoever wanted a place went away before there was one. */
export class GaveUp extends Error {}

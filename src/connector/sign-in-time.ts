import { Refusal } from './diagnosis.ts'
import type { Session } from './driver.ts'

/** However long the job may take, nobody waits longer than this for a server that does not answer, in milliseconds. */
const longest = 9_500

/**
 * Resolves as `work` does, or rejects with `limit.exceeded` when the server has not let the account in by then: after
 * `longest`, the job's own limit, or the seconds that the connection sets, whichever comes first.
 */
export function inSignInTime<T>(
  { job }: Session,
  work: Promise<T>,
  nextStep = 'Check host and port, and that the server is not overloaded.',
): Promise<T> {
  const own = Number(job.parameters.connectSeconds ?? Number.POSITIVE_INFINITY) * 1_000
  const milliseconds = Math.min(own, longest, job.limits.milliseconds * 0.95)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(notLetIn(milliseconds, nextStep)), milliseconds)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

function notLetIn(milliseconds: number, nextStep: string): Refusal {
  const seconds = Math.round(milliseconds / 100) / 10
  const sentence = `The server had not let this account in after ${seconds} s.`
  return new Refusal('current', 'limit.exceeded', { sentence, nextStep })
}

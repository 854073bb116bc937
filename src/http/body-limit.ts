import { bodyLimit } from 'hono/body-limit'
import type { AppContext } from './app-context.ts'
import { tooLarge } from './request-refused.ts'

/**
 * Throws a 413 when the body is over `limit` bytes. A body that says so in its length is refused unread; one that does
 * not say is read up to the limit.
 */
export async function refuseOversized(c: AppContext, limit: number): Promise<void> {
  const check = bodyLimit({
    maxSize: limit,
    onError: () => {
      throw tooLarge(limit)
    },
  })
  await check(c, async () => {})
}

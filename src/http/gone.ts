import type { AppContext } from './app-context.ts'

/** Returns what cancels a use of a data store when the browser that asked for it goes away. */
export function untilGone(c: AppContext): { readonly signal: AbortSignal } {
  return { signal: c.req.raw.signal }
}

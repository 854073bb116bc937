import { createHash } from 'node:crypto'
import { inArray, lt, sql } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { throttles } from '../db/schema/organizations.ts'

/** Whether an attempt may go on. `first` is true for the attempt that ran into the limit, so that it is recorded once. */
export type Verdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly retryAfterSeconds: number; readonly first: boolean }

/** Who tries to sign in: the account as its key, and where from. */
export type Attempt = { readonly account: string; readonly address: string | null }

export type Throttle = {
  /** Counts the attempt before the password is looked at, so that attempts at the same time cannot slip through. */
  begin(attempt: Attempt): Promise<Verdict>
  /** Takes the attempt back: the password was right. */
  succeeded(attempt: Attempt): Promise<void>
}

// Failures within a window of 15 minutes. An attacker at one address locks themselves out of an account and not its
// owner elsewhere; the limit of the account alone stops many addresses, that of the address alone many accounts.
const windowMinutes = 15
const limits = { pair: 10, account: 100, address: 100 }

type Counter = { readonly key: string; readonly limit: number }

/** Returns the counter of failed sign-ins in Keyward's database, which every process shares. */
export function createThrottle(deps: { db: Database }): Throttle {
  const { db } = deps
  return {
    async begin(attempt) {
      const counters = countersOf(attempt)
      const counted = await count(db, counters)
      const over = counters.flatMap(({ key, limit }) => {
        const row = counted.find((one) => one.key === key)
        return row !== undefined && row.failures > limit ? [{ ...row, first: row.failures === limit + 1 }] : []
      })
      if (over.length === 0) return { allowed: true }
      const seconds = Math.max(...over.map((row) => row.seconds), 1)
      return { allowed: false, retryAfterSeconds: seconds, first: over.some((row) => row.first) }
    },

    async succeeded(attempt) {
      const [pair, ...shared] = countersOf(attempt).map(({ key }) => key)
      await db.transaction(async (tx) => {
        if (pair !== undefined) await tx.delete(throttles).where(inArray(throttles.key, [pair]))
        // In order of the key, as in `count`: two transactions never wait for each other in a circle.
        for (const key of shared.sort()) {
          await tx
            .update(throttles)
            .set({ failures: sql`greatest(${throttles.failures} - 1, 0)` })
            .where(inArray(throttles.key, [key]))
        }
        await tx.delete(throttles).where(lt(throttles.windowEndsAt, sql`now() - interval '1 day'`))
      })
    },
  }
}

async function count(db: Database, counters: readonly Counter[]) {
  const ends = sql`now() + make_interval(mins => ${windowMinutes})`
  const rows = counters
    .map(({ key }) => ({ key, failures: 1, windowEndsAt: ends }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  return db
    .insert(throttles)
    .values(rows)
    .onConflictDoUpdate({
      target: throttles.key,
      set: {
        failures: sql`case when ${throttles.windowEndsAt} < now() then 1 else ${throttles.failures} + 1 end`,
        windowEndsAt: sql`case when ${throttles.windowEndsAt} < now() then ${ends} else ${throttles.windowEndsAt} end`,
      },
    })
    .returning({
      key: throttles.key,
      failures: throttles.failures,
      seconds: sql<number>`ceil(extract(epoch from ${throttles.windowEndsAt} - now()))::int`,
    })
}

/** The pair first. Digests, because what people type as an e-mail may be their password. */
function countersOf({ account, address }: Attempt): Counter[] {
  const network = networkOf(address ?? 'unknown')
  return [
    { key: digest('pair', account, network), limit: limits.pair },
    { key: digest('account', account), limit: limits.account },
    { key: digest('address', network), limit: limits.address },
  ]
}

/** One customer has a whole /64 of IPv6, so its addresses count as one. */
function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.toLowerCase().split('%', 1).join('').split('::')
  const left = head.split(':').filter(Boolean)
  const right = (tail ?? '').split(':').filter(Boolean)
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0')
  return [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}

function digest(...parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

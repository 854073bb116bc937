import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '../diagnosis.ts'
import type { Session } from '../driver.ts'
import { refusalFor } from './snowflake-errors.ts'
import { openHttp, type Reply, type SnowflakeHttp } from './snowflake-http.ts'

/** A finished statement: what its result is like, its first rows, and how many parts there are. */
export type Result = {
  readonly rowType: unknown
  readonly rows: readonly unknown[]
  readonly parts: number
  readonly handle: string
}

export type SnowflakeSession = {
  /** Runs one statement, with texts for its `?`, and waits until it is finished. */
  run(statement: string, values?: readonly string[]): Promise<Result>
  /** Returns the rows of one of the parts of a result; the first came with it. */
  part(result: Result, index: number): Promise<readonly unknown[]>
}

/**
 * Gives `work` a session, reporting the rungs as far as signing in. A job that is over its time has its statement
 * cancelled. Rejects with a `Refusal` whatever goes wrong.
 */
export async function withSession<T>(session: Session, work: (snowflake: SnowflakeSession) => Promise<T>): Promise<T> {
  // Before the job's own signal, which is followed by the end of this process.
  const clock = new AbortController()
  const timer = setTimeout(() => clock.abort(), ownTime(session.job.limits.milliseconds))
  const over = clock.signal
  const http = openHttp(session, over)
  const running = new Set<string>()
  try {
    return await work(talk(session, http, over, running))
  } catch (error) {
    if (over.aborted) await cancelAll(http, running)
    throw over.aborted && !(error instanceof Refusal) ? tooLong() : understood(error)
  } finally {
    clearTimeout(timer)
    http.close()
  }
}

/** Milliseconds after which a job gives up by itself, so that there is time to say so to Snowflake before it is ended. */
function ownTime(milliseconds: number): number {
  return Math.floor(milliseconds - Math.min(1_000, milliseconds * 0.15))
}

function talk(session: Session, http: SnowflakeHttp, over: AbortSignal, running: Set<string>): SnowflakeSession {
  let isSignedIn = false
  /** Whatever is no refusal of the account proves the key, a mistake in the statement too. */
  const judge = (reply: Reply): Reply => {
    const refusal = reply.status === 200 || reply.status === 202 ? undefined : refusalOf(reply)
    if (refusal?.rung !== 'authentication' && refusal?.code !== 'protocol.unexpected' && !isSignedIn) {
      isSignedIn = true
      session.report.passed('authentication', 'Snowflake knows this user and the key.')
    }
    if (refusal !== undefined) throw refusal
    return reply
  }
  return {
    async run(statement, values = []) {
      const path = `/api/v2/statements?requestId=${randomUUID()}&async=false&nullable=true`
      let reply = judge(await http.ask('POST', path, bodyOf(session, statement, values)))
      const handle = handleOf(reply)
      running.add(handle)
      for (let wait = 250; reply.status === 202; wait = Math.min(wait * 2, 3_000)) {
        await sleep(wait, undefined, { signal: over })
        reply = judge(await http.ask('GET', `/api/v2/statements/${handle}`))
      }
      running.delete(handle)
      return resultOf(reply, handle)
    },
    async part({ handle }, index) {
      const reply = judge(await http.ask('GET', `/api/v2/statements/${handle}?partition=${index}`))
      return rowsOf(reply)
    },
  }
}

/** Every option is explicit: what a user has set for the account or for themselves does not change what is read. */
function bodyOf({ job }: Session, statement: string, values: readonly string[]): object {
  const { warehouse, database, schema, role } = job.parameters
  const bindings = values.map((value, index) => [String(index + 1), { type: 'TEXT', value }] as const)
  return {
    statement,
    // In seconds: what this process cannot end any more, Snowflake ends.
    timeout: Math.max(1, Math.ceil(job.limits.milliseconds / 1_000)),
    ...{ warehouse, database, schema, role },
    ...(bindings.length === 0 ? {} : { bindings: Object.fromEntries(bindings) }),
    parameters: {
      query_tag: `keyward ${job.runId}`,
      timezone: 'UTC',
      binary_output_format: 'HEX',
      multi_statement_count: '1',
    },
  }
}

function refusalOf(reply: Reply): Refusal {
  const { code, message } = reply.body
  return refusalFor({ status: reply.status, code: Number(code ?? 0), message: String(message ?? '') }, reply.said)
}

/** A handle becomes part of an address, so it must be one. */
function handleOf({ body }: Reply): string {
  const handle = String(body.statementHandle ?? '')
  if (!/^[\w-]{1,64}$/.test(handle)) throw notSnowflake()
  return handle
}

function resultOf(reply: Reply, handle: string): Result {
  const { rowType, partitionInfo } = Object(reply.body.resultSetMetaData) as Record<string, unknown>
  const parts = Array.isArray(partitionInfo) ? partitionInfo.length : 1
  if (parts > mostParts)
    throw new Refusal('read', 'limit.exceeded', { sentence: 'Snowflake announced too many parts.' })
  return { rowType, rows: rowsOf(reply), parts, handle }
}

const mostParts = 1_000_000

function rowsOf({ body }: Reply): readonly unknown[] {
  if (!Array.isArray(body.data)) throw notSnowflake()
  return body.data
}

/** Best effort, and briefly: the job is over, and Snowflake's own clock ends the statement a moment later. */
async function cancelAll(http: SnowflakeHttp, running: ReadonlySet<string>): Promise<void> {
  const cancelled = [...running].map((handle) => http.cancel(`/api/v2/statements/${handle}/cancel`).catch(() => {}))
  await Promise.race([Promise.all(cancelled), sleep(300)])
}

function understood(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  return new Refusal('current', 'protocol.unexpected', { sentence: 'The connection to Snowflake broke off.' })
}

function tooLong(): Refusal {
  return new Refusal('current', 'limit.exceeded', { sentence: 'Snowflake had not answered when the time was over.' })
}

/** What answers does not speak the SQL API. */
function notSnowflake(): Refusal {
  return new Refusal('current', 'protocol.unexpected', {
    sentence: 'Snowflake sent an answer that cannot be understood.',
  })
}

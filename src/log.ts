import pino from 'pino'

/** What may stand in a log line besides the event: ids, counts, durations, codes. Never what a person typed. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>

/** Structured log, one JSON object a line. It takes no objects, so no request, row or form can slip in. */
export type Log = {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  /** Logs what `describeError` returns, never a message that is not ours. */
  error(event: string, error: unknown, fields?: LogFields): void
}

/** An error class whose messages are sentences of ours, without data. */
export type KnownError = abstract new (...parameters: never[]) => Error

/**
 * Returns a log that writes to standard output. `known` lists the error classes whose messages may be written; of every
 * other error only name, code and stack frames are, because messages of libraries repeat values (`DrizzleQueryError`
 * holds all parameters of the statement).
 */
export function createLog(options: {
  level: string
  known?: readonly KnownError[]
  destination?: { write(line: string): void }
}): Log {
  const settings: pino.LoggerOptions = { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  const logger = pino(settings, options.destination ?? standardOutput())
  const known = options.known ?? []
  return {
    debug: (event, fields = {}) => logger.debug(fields, event),
    info: (event, fields = {}) => logger.info(fields, event),
    warn: (event, fields = {}) => logger.warn(fields, event),
    error: (event, error, fields = {}) => logger.error({ ...fields, error: describeError(error, known) }, event),
  }
}

/**
 * Lines leave together, a tenth of a second late at most: a call to the system for each took a tenth of the time of a
 * page. Who is killed loses that tenth; whoever ends otherwise, by a fault too, writes the rest first.
 */
function standardOutput(): pino.DestinationStream {
  const output = pino.destination({ dest: 1, sync: true, minLength: 4096, periodicFlush: 100 })
  process.once('exit', () => output.flushSync())
  return output
}

/** What the log says of an error. `at` are stack frames: places in code, no data. */
export type ErrorDescription = {
  readonly name: string
  readonly code?: string
  readonly message?: string
  readonly at?: readonly string[]
  readonly cause?: ErrorDescription
}

/** Returns what may be logged of anything thrown, its causes included (five deep at most). */
export function describeError(error: unknown, known: readonly KnownError[] = [], depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { name: typeof error }
  const code = 'code' in error ? String(error.code) : ''
  const isKnown = known.some((kind) => error instanceof kind)
  return {
    name: wordLike(error.name) ? error.name : 'Error',
    ...(wordLike(code) ? { code } : {}),
    ...(isKnown ? { message: error.message } : { at: framesOf(error) }),
    ...(error.cause === undefined || depth >= 4 ? {} : { cause: describeError(error.cause, known, depth + 1) }),
  }
}

function wordLike(text: string): boolean {
  return /^[A-Za-z0-9_]{1,60}$/.test(text)
}

/** The stack begins with the message, which may have lines of its own that look like frames: it is cut off whole. */
function framesOf({ stack = '', message }: Error): string[] {
  const from = stack.indexOf(message)
  if (from < 0) return []
  const frames = stack.slice(from + message.length).split('\n')
  return frames
    .map((line) => line.trim())
    .filter((line) => /^at \S.*:\d+:\d+\)?$/.test(line))
    .slice(0, 12)
}

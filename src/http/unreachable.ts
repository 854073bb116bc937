const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
])
// node-postgres gives no codes for these.
const driverMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection)/
// Connection exceptions, shutting down or starting, too many connections, read-only after a failover.
const postgresCodes = /^(08...|57P0[1-5]|53300|25006)$/

/** Reports whether Keyward's own database could not be reached: a matter of waiting, not a bug. */
export function isDatabaseUnreachable(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > 5) return false
  const code = 'code' in error ? String(error.code) : ''
  const isFault = networkCodes.has(code) || postgresCodes.test(code) || driverMessages.test(error.message)
  return isFault || isDatabaseUnreachable(error.cause, depth + 1)
}

/** Runs a transaction, and runs it again where the database ended it to free others that waited for it: at most thrice. */
export async function despiteDeadlocks<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction()
    } catch (error) {
      if (attempt === 3 || !isDeadlock(error)) throw error
    }
  }
}

/** Drizzle and the ledger wrap what the server said. */
function isDeadlock(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > 5) return false
  return ('code' in error && error.code === '40P01') || isDeadlock(error.cause, depth + 1)
}

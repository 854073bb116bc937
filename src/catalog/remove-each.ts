/** For so long one that fails may hold up the others, in milliseconds: what takes longer is the store, not a file. */
const patienceMilliseconds = 30_000

/**
 * Removes one after another, and tells of each that could not be removed; the others are not kept by that, unless failing
 * takes so long that the rest would wait for a store that does not answer. Resolves with how many were removed.
 */
export async function removeEach<T>(
  items: readonly T[],
  remove: (item: T) => Promise<void>,
  failed: (item: T, error: unknown) => void,
): Promise<number> {
  let removed = 0
  let lost = 0
  for (const item of items) {
    const since = performance.now()
    try {
      await remove(item)
      removed++
    } catch (error) {
      failed(item, error)
      lost += performance.now() - since
      if (lost > patienceMilliseconds) break
    }
  }
  return removed
}

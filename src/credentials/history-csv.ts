import type { UserActor } from '../access/actor.ts'
import { csvLine, spreadsheetText } from '../csv.ts'
import type { History, HistoryEntry, HistoryKind } from './history.ts'

/** How many entries a file holds at most: the newest. */
export const longestHistory = 100_000

const columns = [
  ...['time', 'who', 'action', 'outcome', 'purpose', 'connection', 'run', 'version', 'restored_from', 'renamed'],
  ...['shared_with', 'reason', 'ledger_sequence'],
]

/**
 * Returns the history of a credential as CSV (RFC 4180: UTF-8, a header, CRLF), the newest first and at most 100,000
 * entries, in chunks as the reader takes them. What people named is no formula in a spreadsheet.
 */
export async function historyCsv(
  history: Pick<History, 'every'>,
  actor: UserActor,
  id: string,
  kind: HistoryKind,
): Promise<ReadableStream<Uint8Array>> {
  const lines = chunks(await history.every(actor, id, kind))
  const encoder = new TextEncoder()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await lines.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(value))
      },
      async cancel() {
        await lines.return(undefined)
      },
    },
    { highWaterMark: 1 },
  )
}

async function* chunks(pages: AsyncGenerator<readonly HistoryEntry[]>): AsyncGenerator<string, undefined> {
  yield csvLine(columns)
  let left = longestHistory
  for await (const rows of pages) {
    const taken = rows.slice(0, left)
    left -= taken.length
    // A stream takes an empty chunk for nothing at all.
    if (taken.length > 0) yield taken.map((entry) => csvLine(cellsOf(entry))).join('')
    if (left === 0) return
  }
}

function cellsOf(entry: HistoryEntry): (string | number | null)[] {
  const { time, action, outcome, runId, version, restoredFrom, renamed, reason, sequence } = entry
  const who = entry.actorKind === 'system' ? 'Keyward' : named(entry.actorName)
  return [
    ...[time.toISOString(), who, action, outcome, named(entry.purpose), named(entry.connectionName), runId],
    ...[version, restoredFrom, renamed ? 'yes' : null, named(entry.sharedWith), reason, sequence],
  ]
}

function named(text: string | null): string | null {
  return text === null ? null : spreadsheetText(text)
}

import { explanations, Refusal } from '../connector/diagnosis.ts'
import type { AnalysisFailure } from './analysis.ts'
import { UnreadableFile } from './open.ts'
import { positionAt, StatementRefused } from './statement.ts'

/**
 * Returns what a person is told about an error of a job. `sql` is what they wrote, where they wrote something. Where it
 * `isKept` with the version that was not made, it repeats no value: those are kept sealed, or not at all.
 */
export function failureOf(error: unknown, sql: string | null, isKept = false): AnalysisFailure {
  if (error instanceof UnreadableFile) {
    return failure('unreadable', `The stored data of "${error.message}" cannot be read. Create a new snapshot of it.`)
  }
  if (error instanceof Refusal) return failure('limit', sentenceOfRefusal(error))
  if (error instanceof StatementRefused) return { ...failure('statement', error.message), position: error.position }
  const words = error instanceof Error ? error.message : String(error)
  if (/out of memory/i.test(words)) return failure('limit', tooLarge)
  if (sql === null) return failure(/permission|IO Error|Invalid/i.test(words) ? 'unreadable' : 'internal', general)
  const message = isKept && !aboutNames.test(words) ? sentenceWithoutValues(words) : sentenceOf(words)
  return { ...failure('statement', message), position: placeIn(words, sql) }
}

/** What DuckDB finds out before it reads a row. */
const aboutNames = /^(?:Binder|Catalog|Parser) Error:/

function sentenceWithoutValues(words: string): string {
  if (words.startsWith('Conversion Error:')) {
    return 'A value of the data cannot be converted as the query says. Save another query, with TRY_CAST or without such rows.'
  }
  if (words.startsWith('Out of Range Error:')) {
    return 'A number that the query computes is too large for its type. Save another query, with a larger type.'
  }
  return 'The query failed at some row. Preview it over fewer rows to find out which, and save another query.'
}

/** Returns a failure without a place. */
export function failure(reason: AnalysisFailure['reason'], message: string): AnalysisFailure {
  return { ok: false, reason, message, position: null }
}

const tooLarge =
  'This needs more memory and disk than one query may use. Read fewer rows or columns, or join on something that narrows.'
const general = 'The stored data could not be read. Create a new snapshot.'

/** What writing a file came to: there is no room for it. */
function sentenceOfRefusal({ code, text }: Refusal): string {
  const { sentence, nextStep } = { ...explanations[code], ...text }
  return `${sentence} ${nextStep}`
}

/** DuckDB's words without its name for the kind, without the drawing below them, and without a path of this machine. */
function sentenceOf(words: string): string {
  const [first = ''] = words.replace(/^(?:[A-Z][A-Za-z]* )(?:[A-Za-z]+ )*Error:\s*/, '').split(/\n\s*\n|\nLINE \d+:/)
  const line = first
    .replace(/\s+/g, ' ')
    .replace(/"?(?<![\w)])\/(?:[\w.-]+\/)+[\w.-]+"?/g, 'a stored file')
    .trim()
    .slice(0, 500)
  const sentence = line.charAt(0).toUpperCase() + line.slice(1)
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`
}

/** DuckDB draws the line and an arrow below the place. Long lines are cut at their start, so the arrow alone is no help. */
function placeIn(words: string, sql: string): AnalysisFailure['position'] {
  const drawn = /^LINE (\d+): (.*)\n( *)\^/m.exec(words)
  if (drawn === null) return null
  const line = Number(drawn[1])
  const prefix = `LINE ${drawn[1]}: `.length
  const column = (drawn[3]?.length ?? 0) - prefix
  const text = sql.split('\n')[line - 1]
  if (text === undefined || column < 0) return null
  const shown = (drawn[2] ?? '').replace(/^\.\.\.|\.\.\.$/g, '')
  const start = text.indexOf(shown)
  // Of what DuckDB wrote anew, places say nothing about what was typed.
  if (start < 0) return null
  const isCut = drawn[2]?.startsWith('...') === true
  const place = start + column - (isCut ? 3 : 0)
  return (
    positionAt(text, Buffer.byteLength(text.slice(0, Math.max(0, place)))) && { line, column: Math.max(0, place) + 1 }
  )
}

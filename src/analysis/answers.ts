import { type AnalysisJob, cellCharacters, type Jobs, longestStatement, type UsedName } from './analysis.ts'
import type { FromAnalyst } from './messages.ts'

/**
 * Reports whether something is what a worker says. Whoever takes one over can say anything, and what is not understood here
 * would stop the process that serves people. What `done` and `names` hold is for the functions below.
 */
export function isFromAnalyst(value: unknown): value is FromAnalyst {
  if (!isRecord(value)) return false
  switch (value.kind) {
    case 'ready':
    case 'progress':
    case 'names':
    case 'done':
      return true
    case 'failed':
      return isFailure(value.failure)
    default:
      return false
  }
}

/**
 * Reports whether a worker's answer is what the job asked for, in shape and size. A worker has run what somebody wrote, so
 * its word is checked before anything else in Keyward sees it.
 */
export function isAnswer(job: AnalysisJob, value: unknown): boolean {
  if (!isRecord(value)) return false
  switch (job.kind) {
    case 'preview':
      return isRows(value, (job.input as Jobs['preview']['input']).rows) && typeof value.more === 'boolean'
    case 'write':
      return isCount(value.rows) && isCount(value.bytes) && isList(value.columns, mostColumns, isColumn)
    case 'profile':
      return isProfile(value)
    case 'compare':
      return isDifference(value)
  }
}

/** Reports whether what a worker says are the names that a statement uses. */
export function areNames(value: unknown): value is readonly UsedName[] {
  return isList(value, 1_000, isUsedName)
}

const mostColumns = 2_000
const reasons = ['statement', 'limit', 'cancelled', 'unreadable', 'internal']

/** DuckDB's words may repeat the statement. PostgreSQL keeps no NUL and no half of a character. */
function isFailure(value: unknown): boolean {
  if (!isRecord(value) || value.ok !== false || !reasons.includes(String(value.reason))) return false
  const { message, position } = value
  const isStorable = isText(message, 3 * longestStatement) && !String(message).includes('\0')
  return isStorable && String(message).isWellFormed() && isPosition(position)
}

type Fields = Readonly<Record<string, unknown>>

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

function isList(value: unknown, most: number, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= most && value.every(isItem)
}

function isText(value: unknown, most: number): boolean {
  return typeof value === 'string' && value.length <= most
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value)
}

function isColumn(value: unknown): boolean {
  return isRecord(value) && isText(value.name, 1_000) && isText(value.type, 10_000)
}

function isUsedName(value: unknown): boolean {
  if (!isRecord(value) || !isText(value.name, longestStatement)) return false
  return isPosition(value.position)
}

function isPosition(value: unknown): boolean {
  return value === null || (isRecord(value) && isCount(value.line) && isCount(value.column))
}

/** A cell of so many characters is twice as long in JavaScript's count at most, and ends in "…". */
function isCell(value: unknown): boolean {
  return value === null || isText(value, 2 * cellCharacters + 1)
}

function isRows({ columns, rows }: Fields, most: number): boolean {
  if (!isList(columns, mostColumns, isColumn)) return false
  return isList(rows, most, (row) => isList(row, (columns as unknown[]).length, isCell))
}

function isProfile({ rows, skipped, columns, isCounted }: Fields): boolean {
  if (isCounted !== undefined && typeof isCounted !== 'boolean') return false
  return isCount(rows) && isCount(skipped) && isList(columns, 300, isColumnProfile)
}

function isColumnProfile(value: unknown): boolean {
  if (!isColumn(value) || !isRecord(value)) return false
  const { nulls, distinct, minimum, maximum, mean, quartiles, top, histogram } = value
  const shown = (text: unknown) => isText(text, 401)
  const isTop = (one: unknown) => isRecord(one) && shown(one.value) && isCount(one.count)
  return (
    isCount(nulls) &&
    isCount(distinct) &&
    [minimum, maximum].every((text) => text === null || shown(text)) &&
    (mean === null || isNumber(mean)) &&
    (quartiles === null || isList(quartiles, 3, shown)) &&
    isList(top, 5, isTop) &&
    (histogram === null ||
      (isRecord(histogram) && isList(histogram.edges, 21, shown) && isList(histogram.counts, 20, isCount)))
  )
}

function isDifference({ ok, reason, file, rows, columns, added, gone, changed }: Fields): boolean {
  if (ok === false) {
    if (reason === 'key not unique') return (file === 'from' || file === 'to') && isCount(rows)
    return reason === 'nothing in common' || reason === 'no such key'
  }
  if (ok !== true || !isList(columns, mostColumns, (name) => isText(name, 1_000))) return false
  return isChanges(added, 100) && isChanges(gone, 100) && (changed === null || isChanges(changed, 200))
}

function isChanges(value: unknown, most: number): boolean {
  if (!isRecord(value) || !isCount(value.count)) return false
  return isList(value.examples, most, (row) => isList(row, mostColumns, isCell))
}

import { diagnosisCodes, type Job, mostListed, type Operations, rungNames } from './driver.ts'
import type { FromWorker } from './messages.ts'

/**
 * Reports whether something is what a worker says. Whoever takes one over can say anything, and what is not understood here
 * would stop the process that serves people. What `done` holds is for `isAnswer`.
 */
export function isFromWorker(value: unknown): value is FromWorker {
  if (!isRecord(value)) return false
  switch (value.kind) {
    case 'ready':
    case 'done':
      return true
    case 'rungs':
      return isList(value.rungs, mostRungs, isClimbedRung)
    case 'progress':
      return isRecord(value.progress) && isCount(value.progress.rows) && isCount(value.progress.bytes)
    case 'failed':
      return isFailedRung(value.rung)
    default:
      return false
  }
}

/**
 * Reports whether a worker's answer is what the job asked for, in shape and size. A worker has talked to a stranger, so
 * its word is checked before anything else in Keyward sees it.
 */
export function isAnswer(job: Job, value: unknown): boolean {
  if (!isRecord(value)) return false
  switch (job.operation) {
    case 'signIn':
      return isSignIn(value)
    case 'listSchemas':
      return isList(value.schemas, mostListed, isName) && isOptionalFlag(value.isPartial)
    case 'listTables':
      return isList(value.tables, mostListed, isTable) && isOptionalFlag(value.isPartial)
    case 'preview':
      return isRows(value, (job.input as Operations['preview']['input']).rows, job.limits.cellCharacters)
    case 'import':
      return isCount(value.rows) && isCount(value.bytes) && isList(value.columns, mostColumns, isColumn)
  }
}

function isClimbedRung(value: unknown): boolean {
  if (!isRecord(value) || !isRung(value)) return false
  return value.state === 'passed' || value.state === 'not applicable'
}

function isFailedRung(value: unknown): boolean {
  if (!isRecord(value) || !isRung(value) || value.code === 'ok') return false
  const isCode = diagnosisCodes.some((code) => code === value.code)
  return isCode && isStorable(value.nextStep) && (value.detail === null || isStorable(value.detail))
}

function isRung({ name, milliseconds, sentence }: Fields): boolean {
  const isTime = milliseconds === null || (typeof milliseconds === 'number' && Number.isFinite(milliseconds))
  return rungNames.some((rung) => rung === name) && isTime && isStorable(sentence)
}

/** PostgreSQL keeps no NUL and no half of a character. */
function isStorable(value: unknown): boolean {
  return isText(value, 4_000) && !String(value).includes('\0') && String(value).isWellFormed()
}

function isSignIn({ serverVersion, expiresAt, product, privileges }: Fields): boolean {
  if (!isText(serverVersion, 100) || !isOptionalText(expiresAt, 40) || !isOptionalText(product, 60)) return false
  if (privileges === undefined) return true
  return isRecord(privileges) && isVerdict(privileges.superuser) && isVerdict(privileges.canWrite)
}

function isVerdict(value: unknown): boolean {
  return value === null || typeof value === 'boolean'
}

/** Told at once: a store may have each of many questions dialled anew. */
const mostRungs = 1_000
const mostColumns = 2_000

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

function isOptionalText(value: unknown, most: number): boolean {
  return value === undefined || value === null || isText(value, most)
}

function isOptionalFlag(value: unknown): boolean {
  return value === undefined || typeof value === 'boolean'
}

function isName(value: unknown): boolean {
  return isText(value, 1_000)
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isTable(value: unknown): boolean {
  return isRecord(value) && isName(value.schema) && isName(value.name) && /^(?:table|view)$/.test(String(value.type))
}

function isColumn(value: unknown): boolean {
  return isRecord(value) && isName(value.name) && isText(value.type, 100)
}

/** A cell of so many characters is twice as long in JavaScript's count at most, and ends in "…". */
function isRows(value: Fields, most: number, characters: number): boolean {
  const isCell = (cell: unknown) => cell === null || isText(cell, 2 * characters + 1)
  const { columns, rows } = value
  if (!isList(columns, mostColumns, isColumn)) return false
  return isList(rows, most, (row) => isList(row, (columns as unknown[]).length, isCell))
}

import { type Job, mostListed, type Operations } from './driver.ts'

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

function isSignIn({ serverVersion, expiresAt, product, privileges }: Fields): boolean {
  if (!isText(serverVersion, 100) || !isOptionalText(expiresAt, 40) || !isOptionalText(product, 60)) return false
  if (privileges === undefined) return true
  return isRecord(privileges) && isVerdict(privileges.superuser) && isVerdict(privileges.canWrite)
}

function isVerdict(value: unknown): boolean {
  return value === null || typeof value === 'boolean'
}

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

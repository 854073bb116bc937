import type { DuckDBConnection } from '@duckdb/node-api'
import type { Column } from '../connector/driver.ts'
import { quoteName, quoteText } from '../connector/duckdb.ts'
import type { ColumnProfile, Profile } from './analysis.ts'
import { shownText } from './text.ts'

/** Columns of a file that are looked at; what comes behind them is counted. */
const mostColumns = 300
const mostTop = 5
const enoughRows = 1_000_000
/** Of so many cells the different values are counted: that takes some 60 bytes for each. An estimate is wrong by a tenth at times. */
const countedCells = 1_000_000
const bars = 20
const shownCharacters = 200

/**
 * Computes the profile of the file that `from` names. The file is read for what each column is like, for the
 * frequent values of those that repeat some, and to count what that has shown to be worth counting.
 */
export async function profileOf(connection: DuckDBConnection, from: string): Promise<Profile> {
  const described = await connection.runAndReadAll(
    `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${from})`,
  )
  const all = described.getRows().map(([name, type]) => ({ name: String(name), type: String(type) }))
  const columns = all.slice(0, mostColumns).map((column, index) => ({ ...column, index, kind: kindOf(column) }))
  const rows = Number((await read(connection, from, [])).get('rows'))
  const isCounted = rows * columns.length <= countedCells
  const looked = await read(
    connection,
    from,
    columns.flatMap((column) => lookAt(column, isCounted)),
  )
  const worthwhile = columns.filter((column) => mayRepeat(column, looked))
  const frequent = await read(connection, enoughOf(from, rows), worthwhile.map(topOf))
  const seen = columns.map((column) => seenOf(column, looked, frequent, rows))
  const counted = await read(connection, from, seen.flatMap(countOf))
  const profiles = seen.map((one) => columnProfile(one, counted, rows))
  return { rows, columns: profiles, skipped: all.length - columns.length, isCounted }
}

type Kind = 'number' | 'time' | 'text' | 'other'
type Looked = Column & { readonly index: number; readonly kind: Kind }
type Values = ReadonlyMap<string, unknown>

/** An expression of a query, by the name under which its value is found again. */
type Measure = { readonly as: string; readonly sql: string }

function kindOf({ type }: Column): Kind {
  if (/^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|DOUBLE|FLOAT|DECIMAL\(.*\))$/.test(type)) return 'number'
  if (/^(?:DATE|TIMESTAMP.*)$/.test(type)) return 'time'
  return /^(?:VARCHAR|BOOLEAN|UUID|TIME|ENUM.*)$/.test(type) ? 'text' : 'other'
}

async function read(connection: DuckDBConnection, from: string, measures: readonly Measure[]): Promise<Values> {
  const list = ['count(*) AS "rows"', ...measures.map(({ as, sql }) => `${sql} AS ${quoteName(as)}`)]
  const answer = await connection.runAndReadAll(`SELECT ${list.join(', ')} FROM ${from}`)
  const [row = []] = answer.getRowsJson()
  return new Map(['rows', ...measures.map(({ as }) => as)].map((as, place) => [as, row[place]]))
}

/** What is asked about a column first. */
function lookAt({ name, index, type, kind }: Looked, isCounted: boolean): Measure[] {
  const column = quoteName(name)
  const ordered =
    kind === 'other'
      ? []
      : [
          { as: `min${index}`, sql: shownText(`min(${column})`, type, shownCharacters) },
          { as: `max${index}`, sql: shownText(`max(${column})`, type, shownCharacters) },
        ]
  const place = placeOf(column, kind, type)
  const spread =
    place === null
      ? []
      : [
          { as: `low${index}`, sql: boundOf('min', column, place) },
          { as: `high${index}`, sql: boundOf('max', column, place) },
          { as: `quartiles${index}`, sql: `approx_quantile(${place.sql}, [0.25, 0.5, 0.75])${place.filter}` },
        ]
  const mean = kind === 'number' ? [{ as: `mean${index}`, sql: `avg(${column})` }] : []
  return [
    { as: `count${index}`, sql: `count(${column})` },
    { as: `distinct${index}`, sql: isCounted ? differentOf(column) : `approx_count_distinct(${column})` },
    ...ordered,
    ...spread,
    ...mean,
  ]
}

/** By what stands for a value in eight bytes, so that long texts take no more room than short ones. */
function differentOf(column: string): string {
  return `count(DISTINCT hash(${column})) FILTER (WHERE ${column} IS NOT NULL)`
}

/** A part of many rows shows which values are frequent; how often each of them is there is counted in all. */
function enoughOf(from: string, rows: number): string {
  if (rows <= enoughRows) return from
  return `${from} TABLESAMPLE system(${Math.ceil((100 * enoughRows) / rows)} PERCENT)`
}

/** Where all values count, the least place is that of the least value, which is asked for already. */
function boundOf(which: 'min' | 'max', column: string, { sql, filter }: Place): string {
  return filter === '' ? `${which}(${column})::DOUBLE` : `${which}(${sql})${filter}`
}

/** Where nearly every value is there once, which of them come first is chance. */
function mayRepeat({ index, kind, type }: Looked, looked: Values): boolean {
  const [count, distinct] = [Number(looked.get(`count${index}`)), Number(looked.get(`distinct${index}`))]
  return kind !== 'other' && !rarelyTwice.test(type) && (distinct <= mostTop || distinct <= count / 2)
}

function topOf({ name, index }: Looked): Measure {
  return { as: `top${index}`, sql: `approx_top_k(${quoteName(name)}, ${mostTop})::VARCHAR[]` }
}

/** Where a value lies on a line, as a DOUBLE: numbers as they are, times in seconds. */
function placeOf(column: string, kind: Kind, type: string): Place | null {
  const finite = ` FILTER (WHERE isfinite(${column}))`
  if (kind === 'number') return { sql: `${column}::DOUBLE`, filter: /^(?:DOUBLE|FLOAT)$/.test(type) ? finite : '' }
  // Some days lie where no TIMESTAMP reaches.
  const time = type === 'DATE' ? column : `${column}::TIMESTAMP`
  return kind === 'time' ? { sql: `epoch(${time})`, filter: finite } : null
}

/** `filter` leaves out what lies nowhere: infinities and NaN, where the type has them. */
type Place = { readonly sql: string; readonly filter: string }

/** Types whose values are hardly ever the same, so that none is frequent. */
const rarelyTwice = /^(?:DOUBLE|FLOAT|UUID)$/

/** A column of which is known what is worth counting. */
type Seen = Looked & {
  readonly nulls: number
  readonly distinct: number
  readonly minimum: string | null
  readonly maximum: string | null
  readonly mean: number | null
  readonly quartiles: readonly number[] | null
  /** Frequent values as text. */
  readonly candidates: readonly string[]
  /** `scale`: how many bars a distance of 1 is. */
  readonly range: { readonly low: number; readonly high: number; readonly scale: number } | null
}

function seenOf(column: Looked, looked: Values, frequent: Values, rows: number): Seen {
  const { index } = column
  const count = Number(looked.get(`count${index}`))
  const distinct = Math.min(count, Number(looked.get(`distinct${index}`)))
  const [low, high] = [numberOf(looked.get(`low${index}`)), numberOf(looked.get(`high${index}`))]
  const top = (frequent.get(`top${index}`) ?? []) as readonly (string | null)[]
  return {
    ...column,
    nulls: rows - count,
    distinct,
    minimum: textOf(looked.get(`min${index}`)),
    maximum: textOf(looked.get(`max${index}`)),
    mean: numberOf(looked.get(`mean${index}`)),
    quartiles: quartilesOf(looked.get(`quartiles${index}`)),
    candidates: top.filter((value) => value !== null),
    range: low === null || high === null ? null : rangeOf(low, high),
  }
}

/** Null for what cannot be cut into bars: no distance, or one that a DOUBLE cannot divide or tell. */
function rangeOf(low: number, high: number): Seen['range'] {
  const scale = bars / (high - low)
  return scale > 0 && Number.isFinite(scale) ? { low, high, scale } : null
}

/** What is counted in the second reading. */
function countOf({ name, index, kind, type, candidates, range }: Seen): Measure[] {
  const column = quoteName(name)
  const list = candidates.map((value) => `(${literalOf(value)})::${type}`).join(', ')
  const top = {
    as: `top${index}`,
    sql: `(histogram(${column}) FILTER (WHERE ${column} IN (${list})))::MAP(VARCHAR, UBIGINT)`,
  }
  const place = placeOf(column, kind, type)
  if (place === null || range === null) return candidates.length === 0 ? [] : [top]
  const last = `least(${bars - 1}, floor((${place.sql} - (${range.low})) * ${range.scale}))`
  // DuckDB computes this of every row before it filters, so an infinity must have a bar too, where there may be one.
  const bar = `${place.filter === '' ? last : `greatest(0, ${last})`}::UTINYINT`
  const histogram = { as: `bars${index}`, sql: `histogram(${bar})${place.filter}` }
  return candidates.length === 0 ? [histogram] : [top, histogram]
}

/** A literal ends at a NUL. */
function literalOf(text: string): string {
  return text.split('\0').map(quoteText).join(' || chr(0) || ')
}

function columnProfile(seen: Seen, counted: Values, rows: number): ColumnProfile {
  const { name, type, kind, index, nulls, distinct, minimum, maximum, mean, quartiles, range } = seen
  const counts = new Map(entriesOf(counted.get(`bars${index}`)).map(({ key, value }) => [Number(key), Number(value)]))
  const top = entriesOf(counted.get(`top${index}`))
    .map(({ key, value }) => ({ value: cut(String(key)), count: Number(value) }))
    .filter(({ count }) => count > 1)
    .sort((a, b) => b.count - a.count)
  const histogram =
    range === null
      ? null
      : {
          edges: Array.from({ length: bars + 1 }, (_, edge) =>
            edge === bars
              ? placeText(range.high, kind, type)
              : placeText(range.low + ((range.high - range.low) * edge) / bars, kind, type),
          ),
          counts: Array.from({ length: bars }, (_, bar) => counts.get(bar) ?? 0),
        }
  const [first, second, third] = (quartiles ?? []).map((place) => placeText(place, kind, type))
  return {
    name: name.slice(0, shownCharacters),
    type: type.slice(0, shownCharacters),
    nulls,
    distinct: rows === nulls ? 0 : Math.max(1, distinct),
    minimum,
    maximum,
    mean,
    quartiles: first === undefined || second === undefined || third === undefined ? null : [first, second, third],
    top,
    histogram,
  }
}

/** A map of DuckDB's, as its JSON has it. */
function entriesOf(value: unknown): readonly { readonly key: unknown; readonly value: unknown }[] {
  return Array.isArray(value) ? value : []
}

/** Six digits tell where something lies; a date needs no time of day. Of what JavaScript cannot date, the year is said. */
function placeText(place: number, kind: Kind, type: string): string {
  if (kind === 'number') return String(Number(place.toPrecision(6)))
  const at = new Date(place * 1000)
  if (Number.isNaN(at.getTime())) return `year ${Math.floor(1970 + place / secondsOfYear)}`
  const text = at.toISOString()
  return type === 'DATE' ? text.slice(0, text.indexOf('T')) : text.replace('T', ' ').slice(0, -5)
}

const secondsOfYear = 31_556_952

function quartilesOf(value: unknown): readonly number[] | null {
  if (!Array.isArray(value)) return null
  const numbers = value.map(Number)
  return numbers.length === 3 && numbers.every(Number.isFinite) ? numbers : null
}

function numberOf(value: unknown): number | null {
  if (value === null || value === undefined) return null
  const number = Number(value)
  return Number.isFinite(number) ? number : null
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value)
}

function cut(text: string): string {
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters).toWellFormed()}…` : text
}

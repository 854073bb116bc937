/**
 * Returns SQL for a text of JSON in which NaN and infinities are strings. JSON has no numbers for them; DuckDB writes and
 * reads such all the same, other readers do not. Each string is marked as one that was passed over, so that it stays as it
 * is whatever it says: JSON has no bare NUL.
 */
export function strictJson(json: string): string {
  const tokens = `'("(?:[^"\\\\]|\\\\.)*")|(-?(?:NaN|Infinity))'`
  const marked = `regexp_replace(${json}, ${tokens}, '\\1' || chr(0) || '\\2' || chr(0), 'g')`
  const quoted = `replace(replace(${marked}, chr(0) || chr(0), ''), chr(0), '"')`
  return `CASE WHEN contains(${json}, 'NaN') OR contains(${json}, 'Infinity') THEN ${quoted} ELSE ${json} END`
}

import { describeSql } from './postgresql-sql.ts'

/**
 * Has an error of the server name its place in the query as it was typed: line and character. The server counts from the
 * beginning of the statement that the query was put into. Returns the error.
 */
export function placedInQuery(error: unknown, query: string): unknown {
  const said = error as { position?: string | undefined }
  const at = Number(said.position) - before
  if (!(at >= 1 && at <= query.length + 1)) return error
  // The server counts characters, of which JavaScript has some that take two.
  const lines = [...query]
    .slice(0, at - 1)
    .join('')
    .split('\n')
  said.position = `${[...(lines.at(-1) ?? '')].length + 1} of line ${lines.length}`
  return error
}

const before = describeSql({ kind: 'query', query: '' }).indexOf('\n') + 1

import { type SQL, sql } from 'drizzle-orm'

/** What is looked for, as it is compared: folded, of two characters at least. */
export type Term = { readonly viewer: string; readonly text: string }

/** Where it is looked for. `shown` is what the viewer may see of it. */
export type Place = {
  readonly id: SQL
  readonly from: SQL
  readonly viewers: SQL
  readonly key: SQL
  readonly shown: SQL | undefined
}

/** So many matches are counted; one more means "more than". */
export const mostMatches = 100

/**
 * Returns the query of the ids that match, with a rank: 0 where a whole text is the term, 1 where one begins with it, 2
 * anywhere. Each rank is asked for by itself, with a limit and in no order: what is meant most likely is found among
 * however many others, and no question takes longer than its limit and its lists of the index.
 */
export function matching(term: Term, place: Place): SQL {
  const ranks = [`\n${term.text}\n`, `\n${term.text}`, term.text].map((text, rank) => ranked(text, rank, term, place))
  return sql`select id, min(rank) as rank from (${sql.join(ranks, sql` union all `)}) ranked group by id`
}

function ranked(text: string, rank: number, { viewer }: Term, { id, from, viewers, key, shown }: Place): SQL {
  const parts = sql`search_grams(${viewer}::uuid, ${text}, least(3, length(${text})))`
  return sql`(select ${id} as id, ${sql.raw(String(rank))} as rank from ${from}
    where viewers_grams(${viewers}, ${key}) @> ${parts} and ${key} like ${`%${escaped(text)}%`} and ${shown ?? sql`true`}
    limit ${sql.raw(String(mostMatches + 1))})`
}

/** Escapes what LIKE treats as a wildcard. */
function escaped(text: string): string {
  return text.replace(/[\\%_]/g, (character) => `\\${character}`)
}

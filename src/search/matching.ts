import { type SQL, sql } from 'drizzle-orm'

/** What is looked for, as it is compared: folded, of two characters at least. */
export type Term = { readonly viewer: string; readonly text: string }

/**
 * Where it is looked for: `documents` is the table of what things are found by, `id` its column of theirs; `things` and
 * `shown` are the table of the things, with its condition of what the viewer may see.
 */
export type Place = {
  readonly documents: SQL
  readonly id: SQL
  readonly key: SQL
  readonly things: SQL
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

/** `offset 0` keeps the planner from asking anything but the index for its part of the question. */
function ranked(text: string, rank: number, { viewer }: Term, { documents, id, key, things, shown }: Place): SQL {
  const parts = sql`search_grams(${viewer}::uuid, ${text}, least(3, length(${text})))`
  return sql`(select found.id, ${sql.raw(String(rank))} as rank
    from (select ${id} as id, ${key} as key from ${documents} where viewers_grams(viewers, ${key}) @> ${parts} offset 0) found
    cross join lateral (select from ${things} where ${things}.id = found.id and ${shown ?? sql`true`} offset 0) seen
    where found.key like ${`%${escaped(text)}%`} limit ${sql.raw(String(mostMatches + 1))})`
}

/** Escapes what LIKE treats as a wildcard. */
function escaped(text: string): string {
  return text.replace(/[\\%_]/g, (character) => `\\${character}`)
}

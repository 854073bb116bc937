import { Refusal } from '../diagnosis.ts'

/** A query taken apart, so that it can be put where the server accepts nothing but a query. */
export type ParsedQuery = {
  /** The common table expressions between WITH and SELECT, or an empty text. */
  readonly expressions: string
  /** The query itself, with its parentheses in pairs and no semicolon. */
  readonly body: string
}

/**
 * Returns the parts of a user's SELECT. SQL Server runs every statement of a text, without a semicolon between them even,
 * and cannot be told to read only. So a query is sent inside parentheses, and what could leave them is refused here.
 */
export function parseQuery(text: string): ParsedQuery {
  const query = text.replace(/[\s;]+$/, '')
  const tokens = tokenize(query)
  const first = tokens[0]?.word
  if (first === 'SELECT') return { expressions: '', body: sorted(query, tokens) }
  const start = tokens.findIndex(({ word, depth }) => depth === 0 && word === 'SELECT')
  if (first !== 'WITH' || start === -1) throw notOneSelect()
  const before = tokens.slice(1, start)
  if (!/^ng?(?:Ag)?(?:,ng?Ag)*$/.test(before.map(shapeOf).join(''))) throw notOneSelect()
  const [from = 0, to = 0] = [tokens[0]?.end, tokens[start]?.start]
  return { expressions: query.slice(from, to), body: sorted(query.slice(to), tokens.slice(start)) }
}

type Token = {
  /** In capitals; quotes and what is in them are `''`, `""`. */
  readonly word: string
  readonly start: number
  readonly end: number
  /** How many parentheses are open around it. */
  readonly depth: number
}

/** White space, a comment, a text, a name in quotes, a word, or one character of any other kind. */
const lexeme = /\s+|--[^\n]*|'[^']*'|"[^"]*"|\[(?:[^\]]+|\]\])*\]|[\p{L}_@#$][\p{L}\p{N}_@#$]*|./suy

function tokenize(query: string): Token[] {
  // Where a line ends, and so a comment, must not be a matter of opinion.
  if (/\r(?!\n)|[\u0085\u2028\u2029\0]/.test(query)) throw notOneSelect()
  const tokens: Token[] = []
  let depth = 0
  for (let at = 0; at < query.length; ) {
    const end = query.startsWith('/*', at) ? endOfComment(query, at) : endOfLexeme(query, at)
    const text = query.slice(at, end)
    if (text === ')' && --depth < 0) throw notOneSelect()
    if (!/^(?:\s|--|\/\*)/.test(text)) tokens.push({ word: wordOf(text), start: at, end, depth })
    if (text === '(') depth++
    at = end
  }
  if (depth !== 0) throw notOneSelect()
  return tokens
}

function endOfLexeme(query: string, at: number): number {
  lexeme.lastIndex = at
  return lexeme.test(query) ? lexeme.lastIndex : query.length
}

/** Comments of this kind hold others. */
function endOfComment(query: string, at: number): number {
  const edge = /\/\*|\*\//g
  edge.lastIndex = at
  let open = 0
  for (let found = edge.exec(query); found !== null; found = edge.exec(query)) {
    open += found[0] === '/*' ? 1 : -1
    if (open === 0) return edge.lastIndex
  }
  throw notOneSelect()
}

function wordOf(text: string): string {
  if (/^['"[]$/.test(text) || text === ';') throw notOneSelect()
  if (text.startsWith("'")) return "''"
  if (/^["[]/.test(text)) return '""'
  const word = text.toUpperCase()
  if (elsewhere.has(word)) throw readsElsewhere()
  return word
}

/** Functions that run statements of any kind on other servers, or read files. */
const elsewhere = new Set(['OPENROWSET', 'OPENQUERY', 'OPENDATASOURCE'])

/** What a token is between WITH and SELECT: a name, AS, a group in parentheses, a comma, or something in a group. */
function shapeOf({ word, depth }: Token): string {
  if (depth > 0) return ''
  if (word === '(') return 'g'
  if (word === ')') return ''
  if (word === ',') return ','
  if (word === 'AS') return 'A'
  return /^[\p{L}_#@$"]/u.test(word) ? 'n' : '?'
}

/** The server takes an order inside parentheses only where it decides which rows there are. */
function sorted(body: string, tokens: readonly Token[]): string {
  const words = new Set(tokens.filter(({ depth }) => depth === 0).map(({ word }) => word))
  return words.has('ORDER') && !words.has('TOP') && !words.has('OFFSET') ? `${body}\nOFFSET 0 ROWS` : body
}

function notOneSelect(): Refusal {
  return new Refusal('read', 'read.denied', {
    sentence: 'This is not one SELECT statement.',
    nextStep: 'Write one SELECT or WITH … SELECT, with its quotes and parentheses closed and no semicolon inside.',
  })
}

function readsElsewhere(): Refusal {
  return new Refusal('read', 'read.denied', {
    sentence: 'The query would reach past this database, and was stopped.',
    nextStep: 'Write a query without OPENROWSET, OPENQUERY and OPENDATASOURCE.',
  })
}

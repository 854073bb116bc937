import { appendFileSync } from 'node:fs'
import pg from 'pg'

// Loaded before Keyward by `--import`: writes every statement with its values to a file, as Keyward's driver gets them.
const file = process.env.BENCH_STATEMENTS ?? ''
const prototype = pg.Client.prototype as { query: (...parameters: unknown[]) => unknown }
const { query } = prototype

prototype.query = function (...parameters) {
  const [config, values] = parameters as [string | { text: string; rowMode?: string; name?: string }, unknown]
  const statement = typeof config === 'string' ? { text: config } : config
  const { text, rowMode, name } = statement
  appendFileSync(file, `${JSON.stringify({ text, rowMode, name, values: Array.isArray(values) ? values : [] })}\n`)
  return query.apply(this, parameters)
}

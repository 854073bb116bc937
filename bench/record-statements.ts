import { appendFileSync } from 'node:fs'
import pg from 'pg'

// Loaded before Keyward by `--import`: writes every statement with its values to a file, as Keyward's driver gets them.
const file = process.env.BENCH_STATEMENTS ?? ''
const prototype = pg.Client.prototype as { query: (...parameters: unknown[]) => unknown }
const { query } = prototype

type Statement = { text: string; rowMode?: string; name?: string; values?: unknown }

prototype.query = function (...parameters) {
  const [config, given] = parameters as [string | Statement, unknown]
  const { text, rowMode, name, values = given } = typeof config === 'string' ? { text: config } : config
  appendFileSync(file, `${JSON.stringify({ text, rowMode, name, values: Array.isArray(values) ? values : [] })}\n`)
  return query.apply(this, parameters)
}

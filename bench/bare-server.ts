import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'

/** What a page costs without Keyward: its statements, one after the other, and its bytes. */
export type BarePage = {
  readonly url: string
  readonly statements: readonly { readonly text: string; readonly values: unknown[]; readonly rowMode?: 'array' }[]
  readonly headers: Readonly<Record<string, string>>
  /** In base64. */
  readonly body: string
}

const page = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as BarePage
const body = Buffer.from(page.body, 'base64')
const pool = new pg.Pool({ connectionString: page.url, max: 10 })
// The fastest reading there is: every value stays the text that came.
const types = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig

const server = createServer(async (_request, response) => {
  for (const statement of page.statements) await pool.query({ ...statement, types } as pg.QueryConfig)
  response.writeHead(200, page.headers)
  response.end(body)
})
server.listen(0, '127.0.0.1', () => console.log(`listening on ${(server.address() as AddressInfo).port}.`))

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileJob } from '../../testing/file-jobs.ts'
import { csvTypes, jsonTypes, parquetTypes, typeFiles } from '../../testing/file-types.ts'
import { testConnector } from '../../testing/jobs.ts'
import { type Nginx, startNginx } from '../../testing/nginx.ts'
import { type Swift, startSwift, swiftSecrets } from '../../testing/swift.ts'
import { becomes, documentedTypes, readTypes } from '../../testing/type-tables.ts'

// With workers that are ready, as Keyward has them.
const connector = testConnector({ warm: 2 })
const folder = mkdtempSync(join(tmpdir(), 'keyward-types-'))
const password = 'a password'
let nginx: Nginx | undefined
let swift: Swift | undefined
let count = 0

beforeAll(async () => {
  const files = await typeFiles()
  nginx = await startNginx({ password, files: inFolder('basic', files) })
  swift = await startSwift()
  await swift?.fill('shop', files)
}, 120_000)
afterAll(async () => {
  await connector.close()
  await nginx?.close()
  await swift?.close()
  rmSync(folder, { recursive: true, force: true })
})

const formats = [
  ['types.csv', 'Files: CSV', csvTypes],
  ['types.jsonl', 'Files: JSON lines', jsonTypes],
  ['types.parquet', 'Files: Parquet', parquetTypes],
] as const

describe.each(formats)('%s', (name, title, table) => {
  const columns = Object.values(table).flat()

  test.for(['nginx', 'Swift'])(
    'from %s keeps every value of every type, as the page of types says',
    async (store, { skip }) => {
      const file = store === 'nginx' ? await overHttps(name) : await fromBucket(name)
      // What is missing was said when it was looked for.
      if (file === undefined) return skip(`There is no ${store} here.`)
      const { types, rows } = await readTypes(file)
      const kept = columns.map((column, index) => ({
        cells: column.cells,
        type: types[index],
        texts: column.texts.map((_, row) => rows[row]?.[index]),
      }))
      expect(kept).toEqual(columns)
      expect(becomes(table)).toEqual(documentedTypes(title))
    },
  )
})

async function overHttps(name: string): Promise<string | undefined> {
  if (nginx === undefined) return undefined
  const path = `/basic/${name}`
  const { ports, certificates } = nginx
  const parameters = { host: 'localhost', port: String(ports.good), path, format: 'auto', tls: 'verify-full' }
  return imported('https-file', `basic/${name}`, 'localhost', {
    parameters: { ...parameters, ca: certificates.authority },
    type: 'basic',
    fields: { username: 'ada', password },
  })
}

async function fromBucket(name: string): Promise<string | undefined> {
  if (swift === undefined) return undefined
  return imported('s3', name, 'shop', {
    parameters: { host: 'localhost', port: String(swift.port), region: 'us-east-1', tls: 'disable' },
    type: 's3',
    fields: { awsAccessKeyId: 'acme:reader', awsSecretAccessKey: swiftSecrets['acme:reader'] },
  })
}

async function imported(driver: string, table: string, schema: string, job: Parameters<typeof fileJob>[3]) {
  const file = join(folder, `${++count}.parquet`)
  const input = { source: { kind: 'table', schema, table }, rowLimit: null, file } as const
  const outcome = await connector.run(fileJob(driver, 'import', input, job), { userId: 'ada' })
  expect(outcome.ok, JSON.stringify(outcome.diagnosis.find(({ state }) => state === 'failed'))).toBe(true)
  return file
}

function inFolder(name: string, files: Readonly<Record<string, Buffer>>): Record<string, Buffer> {
  return Object.fromEntries(Object.entries(files).map(([file, bytes]) => [`${name}/${file}`, bytes]))
}

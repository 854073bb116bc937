import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packageRoot } from './package-root.ts'

const root = packageRoot()

/** A source file: its path from the root, its text, and the files of ours that it imports. */
type Source = { readonly path: string; readonly text: string; readonly imports: readonly Import[] }
type Import = { readonly to: string; readonly typeOnly: boolean; readonly external: boolean }

const sources = [...filesUnder('src'), ...filesUnder('views')].map(read)
const product = sources.filter(({ path }) => !/\.test\.tsx?$/.test(path) && !path.startsWith('src/testing/'))

/** By which a room tells people something. */
const told = ['notifications/notify.ts', 'notifications/choices.ts']
/** By which a room says what its things are found by. */
const found = ['search/documents.ts']

/** Which rooms of src a room may import, itself aside. `type` allows types only. Files right under src are '.'. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  secrets: [],
  db: ['.'],
  audit: ['db', 'secrets', 'access/actor.ts'],
  keys: ['db', 'secrets'],
  connector: ['secrets/secret.ts', 'secrets/sealed-file.ts', '.'],
  access: ['db', 'audit', 'secrets/secret.ts', '.'],
  auth: ['db', 'access', 'audit', 'notifications/unread.ts', 'secrets/secret.ts', '.'],
  connections: ['db', 'access', 'connector', ...told, ...found, 'secrets/secret.ts', '.'],
  credentials: [
    'db',
    'access',
    'audit',
    'secrets',
    'connections',
    'connector',
    ...told,
    'notifications/outbox.ts',
    '.',
  ],
  notifications: [
    'db',
    'access',
    'secrets',
    // It dials as drivers do, in the main process: the same dialer, the same TLS, the same sentences.
    ...['connector', 'connector/egress.ts', 'connector/tls.ts', 'connector/diagnosis.ts', 'connector/host.ts'],
    // What somebody may see of a thing is said where the thing is.
    ...['catalog', 'connections', 'credentials'],
    '.',
  ],
  'sign-ins': ['db', 'access', 'connections', 'connector', 'credentials', ...told, 'secrets/secret.ts', '.'],
  health: ['db', 'access', 'connections', 'connector', 'credentials', 'sign-ins', '.'],
  catalog: [
    ...['db', 'access', 'connections', 'connector', 'credentials', 'sign-ins', 'storage', '.'],
    ...[
      'secrets/secret.ts',
      'secrets/dataset-key.ts',
      'secrets/keyring.ts',
      'secrets/record.ts',
      'secrets/sealed-file.ts',
    ],
    'analysis/analysis.ts',
    'connector/places.ts',
    ...told,
    ...found,
  ],
  // It knows neither users nor HTTP. Its workers are started, and take their turns, as the connector's do.
  analysis: [
    ...['secrets/secret.ts', '.', 'connector', 'connector/import-output.ts', 'connector/import-files.ts'],
    ...['connector/duckdb.ts', 'connector/diagnosis.ts', 'connector/places.ts', 'connector/worker-process.ts'],
  ],
  storage: [
    ...['secrets/secret.ts', 'secrets/sealed-file.ts', 'secrets/record.ts', 'secrets/kek/file.ts', '.'],
    'connector/import-files.ts',
  ],
  search: ['db', 'access', 'catalog', 'connections', 'connector', 'credentials', '.'],
  schedules: ['db', 'access', 'catalog', 'connections', 'connector', 'credentials', 'sign-ins', ...told, '.'],
  bulk: ['db', 'access', 'connector', 'credentials', 'sign-ins', '.'],
  sample: ['access', 'connections', 'credentials', 'db', 'secrets/secret.ts', '.'],
  http: [
    'access',
    'analysis/analysis.ts',
    'auth',
    'audit',
    'bulk',
    'catalog',
    'connections',
    'connector',
    'credentials',
    'health',
    'notifications',
    'schedules',
    'search',
    'sign-ins',
    'secrets/secret.ts',
    'views',
    '.',
  ],
}
/** What a room's files right under src may be for the others: names, addresses, the log, the root folder. */
const sharedFiles = [
  'src/byte-size.ts',
  'src/csv.ts',
  'src/names.ts',
  'src/paths.ts',
  'src/log.ts',
  'src/package-root.ts',
  'src/operator-error.ts',
  'src/schedule.ts',
]
/** The connector's inside is its own: others talk to it through these. */
const connectorDoor =
  /^src\/connector\/(driver|field-spec|registry|parse-parameters|libraries|diagnosis-help|outlook)\.ts$/

describe('Imports', () => {
  test('of every room, go only where the architecture lets them', () => {
    const found = product.flatMap(({ path, imports }) =>
      imports
        .filter(({ external }) => !external)
        .filter(({ to }) => !mayImport(path, to))
        .map(({ to }) => `${path} → ${to}`),
    )
    expect(found).toEqual([])
  })

  test('of secrets, are node:crypto, node:fs and node:util and nothing else from outside', () => {
    const found = product
      .filter(({ path }) => roomOf(path) === 'secrets')
      .flatMap(({ path, imports }) => imports.filter(({ external }) => external).map(({ to }) => `${path} ${to}`))
      .filter((line) => !/ node:(crypto|fs|fs\/promises|util|zlib|path)$/.test(line))
    expect(found).toEqual([])
  })

  test('of views, are types, addresses and other views', () => {
    const found = product
      .filter(({ path }) => path.startsWith('views/'))
      .flatMap(({ path, imports }) => imports.map((one) => ({ path, ...one })))
      .filter(({ to, typeOnly, external }) => {
        if (external) return !/^hono\/jsx/.test(to)
        return !typeOnly && !to.startsWith('views/') && to !== 'src/paths.ts' && !viewsMayRun.includes(to)
      })
      .map(({ path, to }) => `${path} → ${to}`)
    expect(found).toEqual([])
  })

  test('of files, make no circle', () => {
    expect(circles(product)).toEqual([])
  })

  test('of lucia, are in one file', () => {
    const found = product.filter(({ imports }) => imports.some(({ to }) => to === 'lucia')).map(({ path }) => path)
    expect(found).toEqual(['src/auth/sessions.ts'])
  })
})

/** Pure functions over fields and diagnoses that views share with the services. */
const viewsMayRun: readonly string[] = []

describe('Source files', () => {
  test('are at most 400 lines long', () => {
    expect(sources.filter(({ text }) => text.split('\n').length > 401).map(({ path }) => path)).toEqual([])
  })

  test('have no default export', () => {
    expect(sources.filter(({ text }) => /^export default /m.test(text)).map(({ path }) => path)).toEqual([])
  })

  test('have kebab-case names', () => {
    expect(sources.filter(({ path }) => !/^[a-z0-9/.-]+$/.test(path)).map(({ path }) => path)).toEqual([])
  })

  test('spell no markup by hand and no inline script or style', () => {
    const banned = [
      /dangerouslySetInnerHTML/,
      /\braw\(/,
      /\bhx-on\b/,
      /['"]js:/,
      /\s(?:on[a-z]{3,}|style)=["{]/,
      /<script(?![^>]*\bsrc=)/,
      /<style/,
    ]
    expect(
      hits(
        product.filter(({ path }) => path.endsWith('.tsx')),
        banned,
      ),
    ).toEqual([])
  })

  test('read the environment in config alone', () => {
    const found = hits(product, [/process\.env\b/]).filter(
      (line) => !environmentReaders.some((path) => line.startsWith(path)),
    )
    expect(found).toEqual([])
  })

  test('encrypt in secrets alone', () => {
    const found = hits(product, [/create(?:Cipher|Decipher)iv/]).filter((line) => !line.startsWith('src/secrets/'))
    expect(found).toEqual([])
  })

  test('open a Secret only where it is used', () => {
    const found = product.filter(({ text }) => code(text).includes('.expose(')).map(({ path }) => path)
    expect(
      found.filter((path) => !mayExpose.some((one) => path === one || (one.endsWith('/') && path.startsWith(one)))),
    ).toEqual([])
  })

  test('write no markup and no address outside its place', () => {
    const found = hits(
      product.filter(({ path }) => path.startsWith('views/')),
      [/(?:href|action)="\//],
    )
    expect(found).toEqual([])
  })
})

/** Children get an environment made for them; config is the only reader of our own. */
const environmentReaders = ['src/config.ts', 'src/db/embedded/', 'src/connector/']

/** Who may look into a Secret: what seals it, what hashes it, what checks it, and what hands it to a target. */
const mayExpose = [
  'src/secrets/payload.ts',
  'src/secrets/sealed-file.ts',
  'src/auth/passwords.ts',
  'src/auth/password-rules.ts',
  'src/analysis/messages.ts',
  'src/storage/bucket.ts',
  'src/connector/messages.ts',
  'src/connector/worker.ts',
  'src/connector/drivers/',
  'src/credentials/credential-type.ts',
  'src/credentials/edited-version.ts',
  'src/notifications/webhook.ts',
  'src/notifications/email.ts',
]

function mayImport(from: string, to: string): boolean {
  const [own, other] = [roomOf(from), roomOf(to)]
  // What wires everything may import everything: files right under src, and the command line.
  if (own === other || own === '.' || own === 'cli' || own === 'views') return true
  if (sharedFiles.includes(to)) return true
  const rules = allowed[own]
  if (rules === undefined) return false
  if (rules.includes(to.replace(/^src\//, ''))) return true
  if (other === '.') return false
  if (other === 'connector' && rules.includes('connector')) return connectorDoor.test(to)
  return rules.includes(other)
}

function roomOf(path: string): string {
  if (path.startsWith('views/')) return 'views'
  const [, room = '', more] = path.split('/')
  return more === undefined ? '.' : room
}

function hits(files: readonly Source[], banned: readonly RegExp[]): string[] {
  return files.flatMap(({ path, text }) =>
    code(text)
      .split('\n')
      .filter((line) => banned.some((one) => one.test(line)))
      .map((line) => `${path}: ${line.trim()}`),
  )
}

/** Without comments: they may speak of what is banned. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')
}

/** Circles of imports that run (types may point anywhere), each named once by its smallest file. */
function circles(files: readonly Source[]): string[] {
  const edges = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.filter((one) => !one.external && !one.typeOnly).map(({ to }) => to),
    ]),
  )
  const done = new Set<string>()
  const found: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path)
    if (at >= 0) found.push([...trail.slice(at), path].join(' → '))
    if (at >= 0 || done.has(path)) return
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return found
}

function filesUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
}

function read(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8')
  const pattern =
    /^(?:import|export)\s+(type\s+)?([^'"]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm
  const imports = [...code(text).matchAll(pattern)].map(([, typeWord, names = '', fixed, dynamic]): Import => {
    const target = fixed ?? dynamic ?? ''
    const external = !target.startsWith('.')
    const to = external ? target : relative(root, join(root, dirname(path), target))
    return { to, external, typeOnly: typeWord !== undefined || onlyTypes(names) }
  })
  return { path, text, imports }
}

/** `{ type A, type B }` is erased like `type { A, B }`. */
function onlyTypes(names: string): boolean {
  const listed = /^\s*\{([^}]*)\}/.exec(names)?.[1]
  return listed?.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type ')) ?? false
}

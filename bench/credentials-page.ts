import { readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { paths } from '../src/paths.ts'
import type { BarePage } from './bare-server.ts'
import { insertCredentials } from './credentials-data.ts'
import { databaseOf, type Keyward, setUp, startKeyward } from './keyward-process.ts'
import type { Load } from './load.ts'
import { atLeast, type Figure, type Measurement, median, noted } from './measurement.ts'
import { processorTimeOf } from './processes.ts'
import { benchProgram, type Workbench } from './workbench.ts'

const credentials = 100_000
const rounds = 4
const seconds = 3
const connections = 8
/** The bytes as they are, and as a browser asks for them. */
const encodings = { uncompressed: '', compressed: 'gzip, deflate, br, zstd' } as const

/** The credentials page against a bare server that runs the same statements and sends the same bytes. */
export const credentialsPage: Measurement = {
  name: 'credentials-page',
  title: `requests per second, 50 of ${credentials} rows, ${connections} connections; ${rounds} rounds of ${seconds} s in turns with a bare server, best of each`,
  minutes: 5,
  async measure(bench) {
    const directory = bench.folder()
    const { cookie, statements } = await prepare(bench, directory)
    const keyward = await startKeyward(bench, directory)
    const { appUrl: url } = await databaseOf(directory)
    const figures: Figure[] = [noted('statements that the page runs', statements.length, '')]
    for (const [name, accept] of Object.entries(encodings)) {
      const answer = await answerOf(keyward, cookie, accept)
      const bare = await startBareServer(bench, join(directory, `${name}.json`), { url, statements, ...answer })
      const ours = { port: Number(new URL(keyward.address).port), pid: keyward.program.pid }
      figures.push(...(await compare(bench, name, { ours, bare, cookie, accept })))
    }
    return figures
  },
}

/** Fills the database, and finds out what one request runs by a Keyward that writes its statements down. */
async function prepare(bench: Workbench, directory: string) {
  const file = join(directory, 'statements')
  // Built with the packages outside, so that the recorder can take the place of one.
  const command = [process.execPath, '--import', benchProgram('record-statements'), benchProgram('recorded')]
  const keyward = await startKeyward(bench, directory, { command, env: { BENCH_STATEMENTS: file } })
  const cookie = await setUp(keyward)
  await insertCredentials((await databaseOf(directory)).ownerUrl, credentials)
  writeFileSync(file, '')
  await answerOf(keyward, cookie, '')
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  await keyward.program.stop()
  return { cookie, statements: lines.map((line) => JSON.parse(line)) as BarePage['statements'] }
}

/** Resolves to the bytes of the page and the headers that go with them. */
function answerOf(keyward: Keyward, cookie: string, accept: string): Promise<Pick<BarePage, 'headers' | 'body'>> {
  const headers = { Cookie: cookie, ...(accept === '' ? {} : { 'Accept-Encoding': accept }) }
  return new Promise((resolve, reject) => {
    get(keyward.address + paths.credentials(), { headers, agent: false }, async (response) => {
      const body = Buffer.concat(await response.toArray())
      if (response.statusCode !== 200) return reject(new Error(`The page answered ${response.statusCode}.`))
      const kept = Object.entries(response.headers).filter(([name]) => !ofTheConnection.has(name))
      const same = Object.fromEntries(kept.map(([name, value]) => [name, String(value)]))
      resolve({ headers: { ...same, 'content-length': String(body.length) }, body: body.toString('base64') })
    }).once('error', reject)
  })
}

/** Headers that every server writes by itself. */
const ofTheConnection = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding'])

async function startBareServer(bench: Workbench, file: string, page: BarePage): Promise<Server> {
  writeFileSync(file, JSON.stringify(page), { mode: 0o600 })
  const program = bench.start([process.execPath, benchProgram('bare-server'), file])
  const [, port] = await program.says(/listening on (\d+)\./)
  return { port: Number(port), pid: program.pid }
}

type Server = { readonly port: number; readonly pid: number }
type Servers = { readonly ours: Server; readonly bare: Server; readonly cookie: string; readonly accept: string }
/** With the processor time of the server's own process, in milliseconds for each request. */
type Round = Load & { readonly processor: number }

async function compare(bench: Workbench, name: string, servers: Servers): Promise<Figure[]> {
  const ours: Round[] = []
  const bare: Round[] = []
  for (let round = 0; round <= rounds; round++) {
    ours.push(await loadOn(bench, servers.ours, servers))
    bare.push(await loadOn(bench, servers.bare, servers))
  }
  // The first round warms both up.
  ours.shift()
  bare.shift()
  const ratios = ours.map(({ perSecond }, round) => perSecond / (bare[round]?.perSecond ?? Number.NaN))
  const best = (loads: readonly Round[]) => Math.max(...loads.map(({ perSecond }) => perSecond))
  const least = (loads: readonly Round[]) => Math.min(...loads.map(({ processor }) => processor))
  return [
    atLeast(`${name}: Keyward ÷ bare server`, best(ours) / best(bare), 0.5, ''),
    noted(`${name}: the same, median of the rounds`, median(ratios), ''),
    noted(`${name}: Keyward`, best(ours), ' /s'),
    noted(`${name}: bare server`, best(bare), ' /s'),
    noted(`${name}: Keyward, processor time of a request`, least(ours), ' ms'),
    noted(`${name}: bare server, processor time of a request`, least(bare), ' ms'),
    noted(`${name}: Keyward, half of the answers within`, Math.min(...ours.map(({ p50 }) => p50)), ' ms'),
    noted(`${name}: Keyward, 99 % of the answers within`, Math.min(...ours.map(({ p99 }) => p99)), ' ms'),
  ]
}

async function loadOn(bench: Workbench, { port, pid }: Server, { cookie, accept }: Servers): Promise<Round> {
  const before = processorTimeOf([pid])
  const target = [String(port), paths.credentials(), String(connections), String(seconds), cookie, accept]
  const program = bench.start([process.execPath, benchProgram('load'), ...target])
  const load = JSON.parse(await program.finished()) as Load
  return { ...load, processor: (processorTimeOf([pid]) - before) / load.requests }
}

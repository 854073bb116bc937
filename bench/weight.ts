import { get } from 'node:http'
import { paths } from '../src/paths.ts'
import { insertCredentials } from './credentials-data.ts'
import { databaseOf, setUp, startKeyward } from './keyward-process.ts'
import { atMost, type Figure, type Measurement, noted } from './measurement.ts'

/** What a browser accepts: over HTTPS and on this machine, and over plain HTTP, where it leaves brotli out. */
const browsers = { br: 'gzip, deflate, br, zstd', gzip: 'gzip, deflate' } as const

/** Everything that the first visit of the credentials page transfers. */
export const weight: Measurement = {
  name: 'weight',
  title: 'kilobytes of the first visit of the credentials page, 50 rows: everything a browser reads, headers included',
  minutes: 2,
  async measure(bench) {
    const directory = bench.folder()
    const keyward = await startKeyward(bench, directory)
    const cookie = await setUp(keyward)
    await insertCredentials((await databaseOf(directory)).ownerUrl, 120)
    const headers = { Cookie: cookie }
    const figures: Figure[] = []
    for (const [name, accept] of Object.entries(browsers)) {
      const files = await visit(keyward.address, { ...headers, 'Accept-Encoding': accept })
      const total = [...files.values()].reduce((sum, bytes) => sum + bytes, 0)
      figures.push(atMost(`with ${name}, together`, total / 1024, 30, ' KB'))
      for (const [path, bytes] of files) figures.push(noted(`with ${name}: ${path}`, bytes / 1024, ' KB'))
    }
    return figures
  },
}

async function visit(address: string, headers: Record<string, string>): Promise<Map<string, number>> {
  const page = address + paths.credentials()
  const html = await (await fetch(page, { headers })).text()
  const files = [...new Set(html.match(/\/assets\/[\w.-]+/g))]
  const bytes = new Map([[paths.credentials(), await bytesOf(page, headers)]])
  for (const file of files) bytes.set(file, await bytesOf(address + file, headers))
  return bytes
}

/** Resolves to what came over a connection of its own. */
function bytesOf(url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, (response) => {
      const { socket, statusCode } = response
      if (statusCode !== 200) reject(new Error(`${url} answered ${statusCode}.`))
      response.resume().once('end', () => resolve(socket.bytesRead))
    }).once('error', reject)
  })
}

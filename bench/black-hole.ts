import { createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { paths } from '../src/paths.ts'
import { setUp, startKeyward } from './keyward-process.ts'
import type { Load } from './load.ts'
import { atMost, type Measurement, noted } from './measurement.ts'
import { descendants } from './processes.ts'
import { benchProgram, type Workbench } from './workbench.ts'

const crowd = 200
const seconds = 12

/** Other pages while many sign in to a server that accepts and never answers (C6). */
export const blackHole: Measurement = {
  name: 'black-hole',
  title: `milliseconds of the credentials page, 1 connection, for ${seconds} s while ${crowd} sign-ins at once go to a server that never answers`,
  minutes: 4,
  async measure(bench) {
    const hole = await dig(bench)
    const env = { EGRESS_ALLOW: `127.0.0.1:${hole.port}`, DEPLOYMENT: 'managed' }
    const keyward = await startKeyward(bench, bench.folder(), { env })
    const cookie = await setUp(keyward)
    const post = (path: string, form: Record<string, string>) =>
      fetch(keyward.address + path, {
        method: 'POST',
        redirect: 'manual',
        headers: { Origin: keyward.address, Cookie: cookie },
        body: new URLSearchParams(form),
      })
    const where = { host: '127.0.0.1', port: String(hole.port), database: 'hole', tls: 'disable' }
    const made = await post(paths.newConnection({ driver: 'postgresql' }), { name: 'Hole', ...where })
    const id = made.headers.get('Location')?.split('/').at(-1) ?? ''
    const account = { type: 'basic', username: 'reader', password: 'nobody has this one', intent: 'sign-in' }
    const quiet = await load(bench, keyward.address, cookie, 3)
    const asked = Array.from({ length: crowd }, () => post(paths.signIns(id), account))
    const busy = await load(bench, keyward.address, cookie, seconds)
    const answers = await Promise.all(asked)
    const refused = answers.filter(({ status, headers }) => status === 429 && headers.has('Retry-After'))
    // The worker that is kept ready starts a moment after the last job.
    await pause(2_000)
    return [
      atMost('99th percentile meanwhile', busy.p99, 200, ' ms'),
      noted('median meanwhile', busy.p50, ' ms'),
      noted('99th percentile before', quiet.p99, ' ms'),
      noted(`of ${crowd} answered 429 with Retry-After`, refused.length, ''),
      atMost('sockets left', hole.open(), 0, ''),
      atMost('workers left, 2 of them ready', descendants(keyward.program.pid, 'dist/worker.cjs').length, 2, ''),
    ]
  },
}

async function dig(bench: Workbench): Promise<{ readonly port: number; open(): number }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.resume()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  bench.defer(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as { port: number }).port, open: () => sockets.size }
}

async function load(bench: Workbench, address: string, cookie: string, forSeconds: number): Promise<Load> {
  const { port } = new URL(address)
  const words = [port, paths.credentials(), '1', String(forSeconds), cookie]
  return JSON.parse(await bench.start([process.execPath, benchProgram('load'), ...words]).finished()) as Load
}

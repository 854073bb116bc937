import { type ChildProcess, spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'

/** A port whose SYNs are not answered, as behind a firewall that drops packets. */
export type SilentPort = { readonly port: number; close(): Promise<void> }

/**
 * Makes such a port with a listener that never accepts and whose queue is full; undefined, with a printed reason, where
 * the system answers all the same.
 */
export async function startSilent(): Promise<SilentPort | undefined> {
  const child = spawn(process.execPath, ['-e', listener], { stdio: ['ignore', 'pipe', 'ignore'], env: {} })
  const port = await firstNumber(child)
  const fillers: Socket[] = []
  const close = async () => {
    for (const socket of fillers) socket.destroy()
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }
  for (let count = 0; count < 20; count++) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    fillers.push(socket)
    if (!(await answersSoon(socket))) return { port, close }
  }
  await close()
  process.stdout.write('Not tested here: a filtered port, because this system keeps answering for a full listener.\n')
  return undefined
}

/** Listens with the shortest queue, and then never returns to its event loop. */
const listener = `
const server = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  require('fs').writeSync(1, server.address().port + '\\n')
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})`

function firstNumber(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => child.stdout?.once('data', (text: Buffer) => resolve(Number(text.toString()))))
}

function answersSoon(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), 300)
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}

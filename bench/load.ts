import { connect, type Socket } from 'node:net'

/** What the load generator prints, as JSON. */
export type Load = { readonly requests: number; readonly perSecond: number; readonly p50: number; readonly p99: number }

// Raw sockets, since two processes and a database share the processors with this one.
const [port = '', path = '', connections = '', seconds = '', cookie = '', accept = ''] = process.argv.slice(2)
const lines = [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, `Cookie: ${cookie}`, 'Connection: keep-alive']
const request = `${[...lines, ...(accept === '' ? [] : [`Accept-Encoding: ${accept}`])].join('\r\n')}\r\n\r\n`
const latencies: number[] = []
const begun = performance.now()
const end = begun + Number(seconds) * 1000

// A server that does not answer at all must not keep the bench waiting.
setTimeout(() => process.exit(1), Number(seconds) * 1000 + 20_000).unref()
await Promise.all(Array.from({ length: Number(connections) }, askUntilTheEnd))
latencies.sort((a, b) => a - b)
const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN
const perSecond = latencies.length / ((performance.now() - begun) / 1000)
console.log(JSON.stringify({ requests: latencies.length, perSecond, p50: at(0.5), p99: at(0.99) } satisfies Load))

async function askUntilTheEnd(): Promise<void> {
  const socket = connect(Number(port), '127.0.0.1').setNoDelay(true)
  while (performance.now() < end) {
    const asked = performance.now()
    await ask(socket)
    latencies.push(performance.now() - asked)
  }
  socket.destroy()
}

function ask(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer: Buffer = Buffer.alloc(0)
    const take = (chunk: Buffer) => {
      answer = answer.length === 0 ? chunk : Buffer.concat([answer, chunk])
      if (!isWhole(answer)) return
      socket.off('data', take).off('error', reject).off('close', closed)
      if (answer.toString('latin1', 0, 12) === 'HTTP/1.1 200') resolve()
      else reject(new Error(answer.toString('utf8', 0, 500)))
    }
    const closed = () => reject(new Error('The server closed the connection.'))
    socket.on('data', take).once('error', reject).once('close', closed)
    socket.write(request)
  })
}

function isWhole(answer: Buffer): boolean {
  const head = answer.indexOf('\r\n\r\n')
  if (head < 0) return false
  const [, length] = answer.toString('latin1', 0, head).match(/\r\ncontent-length: (\d+)/i) ?? []
  if (length !== undefined) return answer.length >= head + 4 + Number(length)
  return answer.subarray(-5).toString('latin1') === '0\r\n\r\n'
}

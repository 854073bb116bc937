import { connect, createServer } from 'node:net'

/** Passes a PostgreSQL 18 on under the version before it. Returns its port and what ends it. */
export async function startElder(port: number): Promise<{ port: number; close(): void }> {
  const server = createServer((client) => {
    const to = connect(port, '127.0.0.1')
    const end = () => {
      client.destroy()
      to.destroy()
    }
    for (const socket of [client, to]) socket.once('error', end).once('close', end)
    client.pipe(to)
    to.on('data', (bytes) => {
      const at = bytes.indexOf('server_version\x0018.')
      if (at !== -1) bytes.write('17', at + 'server_version\0'.length, 'latin1')
      client.write(bytes)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('It has no port.')
  return { port: address.port, close: () => server.close() }
}

import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { listen } from './http-server.ts'

/** An application whose requests to /slow wait until `finish`. */
function slowApp() {
  let finish = () => {}
  let arrive = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const app = {
    async fetch(request: Request) {
      if (!request.url.endsWith('/slow')) return new Response('quick')
      arrive()
      await finished
      return new Response('slow')
    },
  }
  return { app, arrived, finish }
}

const local = { host: '127.0.0.1', port: 0 }

describe('drain', () => {
  it('with a request that runs, takes no other and answers that one', async () => {
    const { app, arrived, finish } = slowApp()
    const server = await listen(app, local)
    const address = `http://127.0.0.1:${server.port}`
    const answer = fetch(`${address}/slow`).then((response) => response.text())
    await arrived
    const drained = server.drain(60_000)
    await expect(fetch(`${address}/quick`)).rejects.toThrow()
    finish()
    expect(await answer).toBe('slow')
    await drained
  })

  it('with a request that never ends, cuts it', async () => {
    const { app, arrived } = slowApp()
    const server = await listen(app, local)
    const answer = fetch(`http://127.0.0.1:${server.port}/slow`)
    const failed = expect(answer).rejects.toThrow()
    await arrived
    await server.drain(50)
    await failed
  })

  it('with a connection that is kept open and says nothing, does not wait for it', async () => {
    const { app } = slowApp()
    const server = await listen(app, local)
    const socket = connect(server.port, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.write('GET /quick HTTP/1.1\r\nHost: a\r\n\r\n')
    await new Promise((resolve) => socket.once('data', resolve))
    await server.drain(60_000)
    socket.destroy()
  })
})

describe('listen', () => {
  it('on a taken port, rejects with a sentence that names the port and the setting', async () => {
    const { app } = slowApp()
    const first = await listen(app, local)
    await expect(listen(app, { ...local, port: first.port })).rejects.toThrow(
      `Port ${first.port} on 127.0.0.1 is taken by another program. Stop that program, or set PORT to another number.`,
    )
    await first.drain(0)
  })
})

import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { OperatorError } from '../../operator-error.ts'

/**
 * Returns a free port on loopback: `preferred` if it is free, so that an address noted earlier stays true, else one below
 * the range from which systems take ports for outgoing connections, which would be lost to them between two starts.
 */
export async function choosePort(preferred: number | undefined): Promise<number> {
  if (preferred !== undefined && (await isFree(preferred))) return preferred
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(20_000, 30_000)
    if (await isFree(port)) return port
  }
  throw new OperatorError(
    'No free port was found on 127.0.0.1 for the embedded PostgreSQL. Stop other programs and start again.',
  )
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

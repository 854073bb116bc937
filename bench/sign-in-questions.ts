import { connect, type Socket } from 'node:net'
import pg from 'pg'
import { client } from '../src/connector/drivers/postgresql-client.ts'
import { testJob } from '../src/testing/jobs.ts'
import type { Target } from '../src/testing/target.ts'

/** What the library was asked, as it was asked. */
export type Question = string | pg.QueryConfig

/** Resolves to what Keyward asks a server when it signs in, written down while its driver signs in within this process. */
export async function questionsOfSignIn({ host, port }: Target): Promise<readonly Question[]> {
  const asked: Question[] = []
  const { query } = pg.Client.prototype
  pg.Client.prototype.query = function (this: pg.Client, ...all: [Question]) {
    asked.push(all[0])
    return Reflect.apply(query, this, all)
  } as typeof query
  try {
    const report = { passed: () => {}, notApplicable: () => {}, progress: () => {} }
    const dial = () => opened(connect(port, host))
    await client.signIn(
      { job: testJob('signIn', {}, { port }), dial, report, signal: new AbortController().signal },
      {},
    )
  } finally {
    pg.Client.prototype.query = query
  }
  return asked
}

function opened(socket: Socket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket)).once('error', reject)
  })
}

import { Refusal } from '../diagnosis.ts'
import type { Session } from '../driver.ts'
import { inSignInTime } from '../sign-in-time.ts'
import { type BasicAccount, readBasicAccount } from './basic-account.ts'
import type { Conversation } from './sqlserver-conversation.ts'
import { beginSql, versionSql } from './sqlserver-sql.ts'
import { secure } from './sqlserver-tls.ts'
import { Wire } from './sqlserver-wire.ts'

/** A signed-in connection, inside a transaction that nobody commits. */
export type SqlServerSession = Pick<Conversation, 'query' | 'stream'> & {
  readonly serverVersion: string
  readonly product: string | undefined
}

/**
 * Signs in, reports the rungs up to the database, runs `work` and hangs up, which rolls back. Rejects with a `Refusal`
 * whatever goes wrong. Nothing that the client library would otherwise choose is left to it.
 */
export async function withSession<T>(session: Session, work: (sqlserver: SqlServerSession) => Promise<T>): Promise<T> {
  const client = await inSignInTime(session, signIn(session, readAccount(session)))
  try {
    return await work(client.sqlserver)
  } finally {
    client.goodbye()
  }
}

/** A sign-in of TDS has no room for more, and the library would cut what is over it. */
function readAccount({ job }: Session): BasicAccount {
  const account = readBasicAccount(job)
  if (account.username.length <= mostCharacters && account.password.length <= mostCharacters) return account
  throw new Refusal('authentication', 'auth.refused', {
    sentence: `The username or the password has over ${mostCharacters} characters. Nothing was sent.`,
    nextStep: 'Enter both, as SQL Server takes them.',
  })
}

const mostCharacters = 128

async function signIn(session: Session, account: BasicAccount) {
  const { destination, limits } = session.job
  const socket = await session.dial(destination.host, destination.port)
  const wire = new Wire(await secure(socket, destination, session.report))
  // The password is not hidden in TDS: half a byte is swapped with the other. Only a proven server may have it.
  if (destination.tls !== 'verify-full') throw givesItAway()
  // The library takes a moment to load, and whoever is not let in before has no need of it.
  const { converse } = await import('./sqlserver-conversation.ts')
  const talk = converse(session.job, account, wire)
  await talk.connect()
  session.report.passed('authentication', 'The server knows this account and its password.')
  session.report.passed('database', 'The database is open to this account.')
  await talk.query(beginSql(limits.milliseconds))
  const [[version, edition] = []] = await talk.query(versionSql)
  const sqlserver: SqlServerSession = {
    serverVersion: String(version ?? '')
      .replace(/[^\x20-\x7e]/g, '')
      .slice(0, 100),
    product: edition === 5 || edition === 8 ? 'Azure SQL' : undefined,
    query: talk.query,
    stream: talk.stream,
  }
  return { sqlserver, goodbye: talk.goodbye }
}

function givesItAway(): Refusal {
  return new Refusal('authentication', 'auth.method_refused', {
    sentence: 'SQL Server wants the password itself, and this server has not proven who it is. Nothing was sent.',
    nextStep: 'Choose verified TLS.',
  })
}

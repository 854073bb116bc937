import { spawnSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import type { Connector } from '../src/connector/driver.ts'
import { testConnector, testJob } from '../src/testing/jobs.ts'
import { startTarget, type Target, targetPassword } from '../src/testing/target.ts'
import { atMost, type Measurement, median, noted } from './measurement.ts'
import { type Question, questionsOfSignIn } from './sign-in-questions.ts'

const rounds = 12
/** For the next worker to be ready and to have loaded and tried what it does while it waits, and for nothing else to go on. */
const restMilliseconds = 3_500

/** A sign-in through the connector against the same library by itself. */
export const signIn: Measurement = {
  name: 'sign-in',
  title: `a sign-in of an account that reads, with a ready worker and with none, ÷ connecting, selecting and saying goodbye by the same library in a warm process, and ÷ the library asking what Keyward asks instead of selecting; in turns, without TLS and with the server verified, medians of ${rounds}`,
  minutes: 6,
  async measure(bench) {
    const target = await startTarget()
    bench.defer(() => target.close())
    const questions = await questionsOfSignIn(target)
    const ready = testConnector({ warm: 2 })
    const none = testConnector({ warm: 0 })
    for (const connector of [ready, none]) bench.defer(() => connector.close())
    const plain: Pair[] = []
    const encrypted: Pair[] = []
    const cold: Pair[] = []
    const same: number[] = []
    const encryptedSame: number[] = []
    for (let round = 0; round <= rounds; round++) {
      plain.push(await pair(ready, target, 'disable'))
      same.push(await rested(() => connectAndAsk(target, 'disable', questions)))
      if (target.certificates !== undefined) {
        encrypted.push(await pair(ready, target, 'verify-full'))
        encryptedSame.push(await rested(() => connectAndAsk(target, 'verify-full', questions)))
      }
      cold.push(await pair(none, target, 'disable'))
    }
    // The first of each warms up what stays warm.
    const all = [plain, encrypted, cold].map((pairs) => pairs.slice(1))
    const [ratio, encryptedRatio] = all.map((pairs) => median(pairs.map(({ ours, theirs }) => ours / theirs)))
    const node = median(Array.from({ length: rounds }, nodeAlone))
    return [
      atMost('ready worker ÷ library', ratio ?? Number.NaN, 1.3, ''),
      target.certificates === undefined
        ? noted('with TLS: OpenSSL is missing here', Number.NaN, '')
        : atMost('the same with TLS, verified', encryptedRatio ?? Number.NaN, 1.3, ''),
      atMost('none ready, beyond 1.3 times the library', median(cold.slice(1).map(beyond)), 60, ' ms'),
      noted('none ready ÷ library', median(cold.slice(1).map(({ ours, theirs }) => ours / theirs)), ''),
      noted('ready worker ÷ library that asks the same', ratioTo(same, plain), ''),
      noted('the same with TLS, verified', ratioTo(encryptedSame, encrypted), ''),
      noted('Node.js begins and ends by itself', node, ' ms'),
      noted('with a ready worker', median(plain.slice(1).map(({ ours }) => ours)), ' ms'),
      noted('the library by itself', median(plain.slice(1).map(({ theirs }) => theirs)), ' ms'),
      noted('the library asking the same', median(same.slice(1)), ' ms'),
      noted('least with a ready worker', leastOf(plain.map(({ ours }) => ours)), ' ms'),
      noted('least of the library by itself', leastOf(plain.map(({ theirs }) => theirs)), ' ms'),
      noted('least of the library asking the same', leastOf(same), ' ms'),
    ]
  },
}

/** Milliseconds. */
type Pair = { readonly ours: number; readonly theirs: number }

const bareQuestion: readonly Question[] = ['select 1 from orders limit 1']

async function pair(connector: Connector, target: Target, tls: string): Promise<Pair> {
  const theirs = await rested(() => connectAndAsk(target, tls, bareQuestion))
  return { theirs, ours: await timed(() => signInOn(connector, target, tls)) }
}

async function rested(work: () => Promise<void>): Promise<number> {
  await pause(restMilliseconds)
  return timed(work)
}

/** How much longer Keyward takes than the library that asks the same, by the median of each. */
function ratioTo(same: readonly number[], pairs: readonly Pair[]): number {
  return median(pairs.slice(1).map(({ ours }) => ours)) / median(same.slice(1))
}

function leastOf(all: readonly number[]): number {
  return Math.min(...all.slice(1))
}

function beyond({ ours, theirs }: Pair): number {
  return ours - 1.3 * theirs
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

function nodeAlone(): number {
  const begun = performance.now()
  spawnSync(process.execPath, ['-e', '0'], { env: {} })
  return performance.now() - begun
}

async function connectAndAsk(
  { host, port, certificates }: Target,
  tls: string,
  questions: readonly Question[],
): Promise<void> {
  const ssl = tls === 'disable' ? false : { ca: certificates?.authority, servername: host }
  const client = new pg.Client({ host, port, user: 'reader', password: targetPassword, database: 'shop', ssl })
  await client.connect()
  for (const question of questions) await client.query(question)
  await client.end()
}

async function signInOn(connector: Connector, { port, certificates }: Target, tls: string): Promise<void> {
  const ca = tls === 'disable' ? undefined : certificates?.authority
  const outcome = await connector.run(testJob('signIn', {}, { port, tls, ca }), { userId: 'bench' })
  if (!outcome.ok) throw new Error(`The sign-in ended with ${outcome.code}.`)
}

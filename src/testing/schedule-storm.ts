import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { createLedger } from '../audit/ledger.ts'
import { parsePolicy } from '../connector/egress-policy.ts'
import { connect, type Database } from '../db/client.ts'
import { queueSchema } from '../db/queue-schema.ts'
import { loadKeys } from '../keys/key-store.ts'
import { kekFromKey } from '../secrets/kek/kek.ts'
import { Secret } from '../secrets/secret.ts'
import { createServices } from '../services.ts'
import { addOrganization, addUser } from './actors.ts'
import type { ScheduleProcessOrder } from './schedule-order.ts'

/** Scheduled runs to be made while processes are killed and their clocks jump. */
export type Storm = {
  readonly databaseUrl: string
  /** The bundled src/testing/schedule-process.ts. */
  readonly program: string
  readonly directory: string
  readonly runs: number
  readonly processes: number
  /** Over how many seconds the runs are due. */
  readonly dueSeconds: number
  /** How often one of the processes is killed, in milliseconds; null for never. */
  readonly killMilliseconds: number | null
  /** `libfaketime.so.1`, or undefined where clocks are left alone. */
  readonly clockLibrary: string | undefined
  readonly importMilliseconds: number
  /** After how many seconds it is given up. */
  readonly patienceSeconds: number
}

/** What became of the runs, as the database says it. */
export type StormReport = {
  readonly kills: number
  readonly jumps: number
  /** Processes that have said a time of day far from ours. */
  readonly strayed: number
  /** Runs with exactly one complete version, with none, and with several. */
  readonly once: number
  readonly lost: number
  readonly doubled: number
  /** Runs and jobs that were not over at the end, and credentials that are still leased. */
  readonly stuck: number
  /** Runs that were begun more than once. */
  readonly takenUpAgain: number
  /** How late a run was begun the first time, in seconds: in the middle, and at most. */
  readonly lateness: { readonly median: number; readonly most: number }
  /** From the first due moment to the end of the last run. */
  readonly seconds: number
}

const accounts = 40

/** Makes the runs and resolves with what became of them. All processes are gone then. */
export async function scheduleStorm(storm: Storm): Promise<StormReport> {
  const kek = randomBytes(32)
  const { db, close } = connect(storm.databaseUrl, 4)
  const order = { ...storm, kek: kek.toString('base64') }
  const fleet = createFleet(storm, order)
  try {
    await fill(db, kek, storm)
    await fleet.start()
    const done = await untilDone(db, storm, fleet)
    if (!done) process.stdout.write('The storm was given up before all runs were over.\n')
    return { ...(await reportOf(db)), kills: fleet.kills(), jumps: fleet.jumps(), strayed: fleet.strayed() }
  } finally {
    await fleet.stop()
    await close()
  }
}

/** Waits until every run is over, killing and moving clocks for as long as runs become due. */
async function untilDone(db: Database, storm: Storm, fleet: Fleet): Promise<boolean> {
  const begun = performance.now()
  const elapsed = () => (performance.now() - begun) / 1000
  while (elapsed() < storm.patienceSeconds) {
    await pause(storm.killMilliseconds ?? 1000)
    // Half of the kills come after the last run is due, when there is the most to take up again.
    if (storm.killMilliseconds !== null && elapsed() < storm.dueSeconds * 1.5) {
      fleet.killOne()
      fleet.moveClock()
    }
    const { rows } = await db.execute<{ over: boolean }>(sql`
      select (select count(*) from schedule_runs where state in ('completed', 'failed', 'missed', 'cancelled')) >= ${storm.runs}
        and not exists (select from schedule_runs where state in ('waiting', 'running')) as over`)
    if (rows[0]?.over && elapsed() > storm.dueSeconds * (storm.killMilliseconds === null ? 1 : 1.5)) return true
  }
  return false
}

/** Adds accounts through the services, and datasets with schedules that are due straight to the tables. */
async function fill(db: Database, kek: Buffer, { runs, dueSeconds }: Storm): Promise<void> {
  const keys = await loadKeys(db, [kekFromKey(kek)])
  const ledger = createLedger({ key: keys.auditKey, instance: 'storm' })
  const { policy: egress } = parsePolicy('managed', '', '')
  const connector = { run: async () => Promise.reject(new Error('Nothing is read here.')), close: async () => {} }
  const services = createServices({ db, ledger, ...keys, deployment: 'managed', connector, egress })
  const actor = await addUser(db, await addOrganization(db, 'Storm'), 'Ada')
  const ids: { connection: string; credential: string }[] = []
  for (let number = 0; number < accounts; number++) {
    const parameters = { host: `db${number}.example.com`, port: '5432', database: 'sales', tls: 'verify-full' }
    const its = { name: `Sales ${number}`, driver: 'postgresql', parameters }
    const connection = await services.connections.create(actor, its)
    if (!connection.ok) throw new Error(connection.error)
    const fields = { username: new Secret('reader'), password: new Secret('a password') }
    const account = { type: 'basic', name: `Reader ${number}`, description: '', fields, connectionIds: [connection.id] }
    const credential = await services.vault.create(actor, account)
    if (!credential.ok) throw new Error(credential.error)
    ids.push({ connection: connection.id, credential: credential.id })
  }
  await db.execute(sql`
    with pairs as (select * from json_to_recordset(${JSON.stringify(ids.map((pair, place) => ({ ...pair, place })))}::text::json)
        as pair(place int, connection uuid, credential uuid)),
      made as (
        insert into datasets (id, organization_id, owner_id, name, connection_id, credential_id, source)
        select gen_random_uuid(), ${actor.organizationId}, ${actor.id}, 'Dataset ' || n, connection, credential,
          '{"kind":"table","schema":"public","table":"orders"}'
        from generate_series(1, ${runs}::int) n join pairs on place = n % ${accounts}
        returning id, credential_id)
    insert into schedules (id, organization_id, dataset_id, credential_id, set_by, rule, time_zone, catch_up, next_at)
    select gen_random_uuid(), ${actor.organizationId}, id, credential_id, ${actor.id},
      '{"every":"month","day":1,"at":"12:00"}', 'UTC', 'once',
      date_trunc('milliseconds', now() + interval '2 seconds' + random() * ${dueSeconds} * interval '1 second')
    from made`)
}

async function reportOf(db: Database): Promise<Omit<StormReport, 'kills' | 'jumps' | 'strayed'>> {
  const jobs = sql`${sql.identifier(queueSchema)}.job`
  const { rows } = await db.execute<Record<string, string>>(sql`
    with versions as (
      select s.id, r.attempts, r.due_at, count(v.id) filter (where v.status = 'completed') as complete,
        min(v.created_at) as begun, max(v.finished_at) as ended
      from schedules s left join schedule_runs r on r.schedule_id = s.id
      left join dataset_versions v on v.dataset_id = s.dataset_id group by 1, 2, 3)
    select count(*) filter (where complete = 1) as once, count(*) filter (where complete = 0) as lost,
      count(*) filter (where complete > 1) as doubled, count(*) filter (where attempts > 1) as again,
      (select count(*) from schedule_runs where state <> 'completed')
        + (select count(*) from credentials where trial_until > now())
        + (select count(*) from dataset_versions where status in ('queued', 'running')) as stuck,
      (select count(*) from ${jobs} where state = 'active' and started_on + expire_in < now() - interval '1 minute') as late_jobs,
      percentile_cont(0.5) within group (order by extract(epoch from begun - due_at)) as middle,
      max(extract(epoch from begun - due_at)) as most, extract(epoch from max(ended) - min(due_at)) as seconds
    from versions`)
  const of = (name: string) => Number(rows[0]?.[name] ?? Number.NaN)
  return {
    ...{ once: of('once'), lost: of('lost'), doubled: of('doubled'), stuck: of('stuck') + of('late_jobs') },
    ...{ takenUpAgain: of('again'), seconds: of('seconds') },
    lateness: { median: of('middle'), most: of('most') },
  }
}

type Fleet = ReturnType<typeof createFleet>

/** Processes that are started again when they are killed, each with a clock of its own. */
function createFleet(storm: Storm, order: ScheduleProcessOrder) {
  const { processes, program, directory, clockLibrary } = storm
  const children: ChildProcess[] = []
  const strayed = new Set<number | undefined>()
  let kills = 0
  let jumps = 0
  let stopping = false

  const clockFile = (place: number) => join(directory, `clock-${place}`)

  function launch(place: number): Promise<unknown> {
    const env =
      clockLibrary === undefined ? process.env : { ...process.env, ...clockOf(clockLibrary, clockFile(place)) }
    // With a channel they notice when who started them is gone.
    const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit', 'ipc'], env })
    children[place] = child
    child.on('exit', () => {
      if (!stopping) void launch(place)
    })
    child.on('message', (time) => {
      if (Math.abs(Number(time) - Date.now()) > farMilliseconds) strayed.add(child.pid)
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(JSON.stringify(order))
    return Promise.race([once(child.stdout as NonNullable<typeof child.stdout>, 'data'), once(child, 'exit')])
  }

  const anyPlace = () => Math.floor(Math.random() * processes)

  return {
    kills: () => kills,
    jumps: () => jumps,
    strayed: () => strayed.size,

    async start(): Promise<void> {
      const places = Array.from({ length: processes }, (_, place) => place)
      if (clockLibrary !== undefined) for (const place of places) writeFileSync(clockFile(place), '+0\n')
      await Promise.all(places.map(launch))
    },

    killOne(): void {
      kills++
      children[anyPlace()]?.kill('SIGKILL')
    },

    /** Puts the clock of a running process forward or back, by hours or days. */
    moveClock(): void {
      if (clockLibrary === undefined) return
      jumps++
      writeFileSync(clockFile(anyPlace()), `${clocks[Math.floor(Math.random() * clocks.length)]}\n`)
    },

    async stop(): Promise<void> {
      stopping = true
      const gone = children.map((child) => (child.exitCode === null ? once(child, 'exit') : null))
      for (const child of children) child.kill('SIGKILL')
      await Promise.all(gone)
    },
  }
}

/** Less than any jump, and more than any wait of a busy machine. */
const farMilliseconds = 20_000
const clocks = ['+3d', '-2h', '+400d', '-5d', '+90m', '+0', '-30', '+1h']

/** Only the time of day jumps, as when an administrator or a time server sets it: the ticks that timers count do not. */
function clockOf(library: string, file: string): Record<string, string> {
  return {
    ...{ LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_DONT_FAKE_MONOTONIC: '1' },
    ...{ FAKETIME_CACHE_DURATION: '1', FAKETIME_NO_CACHE: '1', FAKETIME_DONT_RESET: '1' },
  }
}

/** Returns where Debian puts the library that makes clocks jump, or undefined where it is not. */
export function clockLibrary(): string | undefined {
  const places = existsSync('/usr/lib') ? readdirSync('/usr/lib') : []
  return places.map((place) => `/usr/lib/${place}/faketime/libfaketimeMT.so.1`).find((path) => existsSync(path))
}

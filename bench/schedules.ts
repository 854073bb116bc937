import { join } from 'node:path'
import { startCluster } from '../src/db/embedded/cluster.ts'
import { createKeywardDatabase } from '../src/db/embedded/keyward-database.ts'
import { migrate } from '../src/db/migrate.ts'
import { clockLibrary, type Storm, scheduleStorm } from '../src/testing/schedule-storm.ts'
import { atMost, type Figure, type Measurement, noted } from './measurement.ts'
import { benchProgram, type Workbench } from './workbench.ts'

/** Fewer where SCHEDULE_RUNS says so, for a machine that others use too. */
const runs = Number(process.env.SCHEDULE_RUNS ?? 10_000)
/** Six times as dense as ten thousand in an hour. */
const dueSeconds = Math.round((runs * 600) / 10_000)

/** Ten thousand scheduled runs: how late they are begun, and what becomes of them when processes die. */
export const schedules: Measurement = {
  name: 'schedules',
  title: `${runs.toLocaleString('en')} scheduled runs of 40 accounts due in ${dueSeconds} s: by 2 processes, and by 6 of which one is killed every 2 s while clocks jump; data stores are played and answer in up to 40 ms`,
  minutes: 60,
  async measure(bench) {
    const calm = await storm(bench, 'calm', { processes: 2, killMilliseconds: null, clockLibrary: undefined })
    const rough = await storm(bench, 'rough', { processes: 6, killMilliseconds: 2000, clockLibrary: clockLibrary() })
    return [
      atMost('latest begin', calm.lateness.most, 60, ' s'),
      noted('begin in the middle', calm.lateness.median, ' s'),
      noted('from the first due moment to the last end', calm.seconds, ' s'),
      ...faults('2 processes', calm),
      noted('processes killed', rough.kills, ''),
      noted(
        clockLibrary() === undefined ? 'clocks moved: libfaketime is missing here' : 'clocks moved',
        rough.jumps,
        '',
      ),
      noted('runs taken up again', rough.takenUpAgain, ''),
      ...faults('6 processes that die', rough),
    ]
  },
}

function faults(who: string, report: Awaited<ReturnType<typeof scheduleStorm>>): Figure[] {
  const { lost, doubled, stuck } = report
  return [
    atMost(`${who}: runs without a version`, lost, 0, ''),
    atMost(`${who}: runs with several`, doubled, 0, ''),
    atMost(`${who}: stuck past its lease`, stuck, 0, ''),
  ]
}

async function storm(
  bench: Workbench,
  name: string,
  how: Pick<Storm, 'processes' | 'killMilliseconds' | 'clockLibrary'>,
) {
  const directory = bench.folder()
  const cluster = await startCluster({ directory: join(directory, 'postgres') })
  bench.defer(() => cluster.stop())
  const { ownerUrl, appUrl } = await createKeywardDatabase(cluster, `bench_${name}`)
  await migrate(ownerUrl, 'keyward_app')
  const report = await scheduleStorm({
    ...{ databaseUrl: appUrl, program: benchProgram('schedule-process'), directory, runs, dueSeconds },
    // What was put off while processes died is made up for afterwards.
    ...{ importMilliseconds: 20, patienceSeconds: 1200 + 1.5 * dueSeconds, ...how },
  })
  await cluster.stop()
  return report
}

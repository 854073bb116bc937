import { loadavg } from 'node:os'
import { blackHole } from './black-hole.ts'
import { credentialsPage } from './credentials-page.ts'
import { credentialsSize } from './credentials-size.ts'
import { importOfRows } from './import.ts'
import { importFromMariaDb } from './import-mariadb.ts'
import { importFromS3 } from './import-s3.ts'
import { ledger } from './ledger.ts'
import type { Measurement } from './measurement.ts'
import { profile } from './profile.ts'
import { record } from './record.ts'
import { schedules } from './schedules.ts'
import { search } from './search.ts'
import { signIn } from './sign-in.ts'
import { start } from './start.ts'
import { machine, tableOf } from './table.ts'
import { weight } from './weight.ts'
import { createWorkbench } from './workbench.ts'

const measurements: readonly Measurement[] = [
  start,
  credentialsPage,
  credentialsSize,
  search,
  importOfRows,
  importFromMariaDb,
  importFromS3,
  profile,
  signIn,
  blackHole,
  weight,
  ledger,
  record,
  schedules,
]

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !measurements.some((one) => one.name === name))
const bench = createWorkbench()

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => void bench.clear().finally(() => process.exit(130)))
}

if (unknown.length > 0) {
  const names = measurements.map(({ name }) => name).join(', ')
  console.error(`There is no measurement named ${unknown.join(' or ')}. Choose from: ${names}.`)
  process.exitCode = 2
} else {
  console.log(machine())
  for (const one of measurements) if (wanted.length === 0 || wanted.includes(one.name)) await run(one)
}
// Pools and timers of libraries may be left; every child has ended by now.
process.exit()

async function run({ name, title, minutes, measure }: Measurement): Promise<void> {
  console.log(`\n${name}: ${title}\n  (load of the machine before: ${(loadavg()[0] ?? 0).toFixed(1)})`)
  try {
    console.log(tableOf(await within(minutes, measure(bench))))
  } catch (error) {
    console.error(`  ${name} could not be measured.`, error)
    process.exitCode = 1
  } finally {
    await bench.clear()
  }
}

async function within<T>(minutes: number, work: Promise<T>): Promise<T> {
  let clock: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    clock = setTimeout(() => reject(new Error(`It was not over after ${minutes} minutes.`)), minutes * 60_000)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(clock)
    work.catch(() => {})
  }
}

import { startCluster } from '../../src/db/embedded/cluster.ts'

/** A program that holds a cluster open: says in one line of JSON where it is, or why not, and stops it on SIGTERM. */
const directory = process.argv[2] ?? ''
try {
  const cluster = await startCluster({ directory, settings: { fsync: 'off' } })
  const keepAlive = setInterval(() => {}, 60_000)
  process.once('SIGTERM', async () => {
    await cluster.stop()
    clearInterval(keepAlive)
  })
  const { host, port, user, password, home } = cluster
  process.stdout.write(`${JSON.stringify({ host, port, user, password, home })}\n`)
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`)
  process.exitCode = 1
}

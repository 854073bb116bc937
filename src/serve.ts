import { banner } from './banner.ts'
import { compose } from './compose.ts'
import { type Config, loadConfig } from './config.ts'
import { failureSentence } from './failure-sentence.ts'
import { listen } from './http-server.ts'
import { knownErrors } from './known-errors.ts'
import { createLog, type Log } from './log.ts'
import { createWeb } from './web.ts'

/**
 * Runs Keyward until SIGINT or SIGTERM and resolves to the exit status: 0 when it stopped in order, 1 when it could not
 * start or stopped because of a fault. Whatever it started is stopped by then.
 */
export async function serve(environment: NodeJS.ProcessEnv): Promise<0 | 1> {
  const stop = stopRequests()
  let log = createLog({ level: 'info', known: knownErrors })
  const closers: (() => Promise<void>)[] = []
  try {
    const config = loadConfig(environment)
    log = createLog({ level: config.logLevel, known: knownErrors })
    await start(config, log, closers)
    log.info('started')
    await stop.requested
  } catch (error) {
    process.stderr.write(`Keyward did not start. ${failureSentence(error)}\n`)
    log.error('start failed', error)
    stop.fail()
  }
  return stop.during(() => closeAll(closers, log))
}

async function start(config: Config, log: Log, closers: (() => Promise<void>)[]): Promise<void> {
  const composition = await compose(config, 'server', log)
  closers.unshift(() => composition.close())
  const web = createWeb({ config, composition, log })
  closers.unshift(() => web.close())
  const server = await listen(web.app, { ...config, serverOptions: web.serverOptions })
  closers.unshift(() => server.drain(10_000))
  const setupToken = await web.setup.newToken()
  const { embedded } = composition.database
  const movedTo = embedded === null || embedded.home === embedded.directory ? null : embedded.home
  process.stdout.write(banner(config, { port: server.port, setupToken, newKekFile: composition.newKekFile, movedTo }))
}

/** Closes what was opened, the last first; a failure of one does not keep the others open. */
async function closeAll(closers: readonly (() => Promise<void>)[], log: Log): Promise<void> {
  for (const close of closers) {
    try {
      await close()
    } catch (error) {
      log.error('closing failed', error)
    }
  }
}

/** Listens for the wish to stop, from the first moment, so that none is lost while starting. */
function stopRequests() {
  let failed = false
  let request = () => {}
  const requested = new Promise<void>((resolve) => {
    request = resolve
  })
  const fault = (error: unknown) => {
    createLog({ level: 'error', known: knownErrors }).error('stopping after a fault', error)
    failed = true
    request()
  }
  process.on('SIGINT', request).on('SIGTERM', request).on('SIGHUP', request)
  process.on('uncaughtException', fault)
  return {
    requested,
    fail: () => {
      failed = true
    },
    /** Does the last work; signals that arrive meanwhile are ignored, for the order is already given. */
    during: async (work: () => Promise<void>): Promise<0 | 1> => {
      await work()
      process.off('uncaughtException', fault)
      return failed ? 1 : 0
    },
  }
}

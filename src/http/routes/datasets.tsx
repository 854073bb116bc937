import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { DatasetPage } from '../../../views/catalog/dataset.tsx'
import { type PreviewProps, RowsPage } from '../../../views/catalog/preview.tsx'
import type { UserActor } from '../../access/actor.ts'
import { NotFound } from '../../access/refusals.ts'
import type { Computing } from '../../catalog/computing.ts'
import type { Datasets } from '../../catalog/datasets.ts'
import { createDownloadPlaces } from '../../catalog/download-places.ts'
import { attachment, type DownloadFormat, downloadFormats } from '../../catalog/file-names.ts'
import type { DatasetQueries, VersionDetail } from '../../catalog/queries.ts'
import { ReadTooLong, readPage } from '../../catalog/rows.ts'
import type { SnapshotStore } from '../../catalog/snapshot-store.ts'
import { type OpenedVersion, SnapshotUnreadable } from '../../catalog/stored-version.ts'
import { streamCsv, streamJsonLines } from '../../catalog/streams.ts'
import type { Log } from '../../log.ts'
import { paths } from '../../paths.ts'
import type { ScheduleQueries } from '../../schedules/queries.ts'
import type { ConnectionUse } from '../../sign-ins/use-connection.ts'
import { setFlash } from '../flash.ts'
import { readForm } from '../form.ts'
import { isId } from '../id.ts'
import { type AppContext, Routes, signedIn } from '../routing.ts'
import { accountOf } from './dataset-accounts.tsx'

type Dependencies = {
  readonly datasets: Pick<Datasets, 'cancel'>
  readonly datasetQueries: DatasetQueries
  readonly use: Pick<ConnectionUse, 'accounts'>
  readonly store: SnapshotStore
  readonly computing: Pick<Computing, 'lineage'>
  readonly scheduleQueries: Pick<ScheduleQueries, 'summary'>
  readonly log: Log
}

/** The pages of one dataset: what it is, its rows, downloads, and the end of what is being made. */
export function datasetRoutes(deps: Dependencies): Routes {
  const { datasets, datasetQueries: queries, use, store, computing, scheduleQueries, log } = deps
  const routes = new Routes()
  const places = createDownloadPlaces()

  routes.get('/catalog/:id', signedIn, async (c, actor) => {
    const dataset = await queries.show(actor, idOf(c))
    const accounts = dataset.connection === null ? [] : await use.accounts(actor, dataset.connection.id)
    const completed = dataset.versions.find(({ status }) => status === 'completed')
    return c.render(
      <DatasetPage
        dataset={dataset}
        schedulable={c.get('storedCredentials')}
        schedule={dataset.role === 'owner' ? await scheduleQueries.summary(dataset.id) : null}
        only={accountOf(dataset, accounts)}
        lineage={await computing.lineage.of(actor, dataset.id)}
        preview={completed === undefined ? null : await preview(actor, dataset.id, completed, 1)}
      />,
    )
  })

  routes.get('/catalog/:id/versions/:version/rows', signedIn, async (c, actor) => {
    const version = await queries.version(actor, idOf(c), versionOf(c))
    if (version.status !== 'completed') throw new NotFound()
    const page = /^[1-9]\d{0,8}$/.test(c.req.query('page') ?? '1') ? Number(c.req.query('page') ?? '1') : 1
    const dataset = { id: idOf(c), name: version.datasetName }
    return c.render(<RowsPage dataset={dataset} {...(await preview(actor, dataset.id, version, page))} />)
  })

  for (const format of downloadFormats) {
    routes.get(`/catalog/:id/versions/:version/data.${format}`, signedIn, (c, actor) => download(c, actor, format))
  }

  routes.post('/catalog/:id/versions/:version/cancellation', signedIn, async (c, actor) => {
    const addition = (await readForm(c)).text('addition')
    if (await datasets.cancel(actor, idOf(c), versionOf(c))) setFlash(c, 'dataset-cancelled')
    return c.redirect(isId(addition) ? paths.addition(addition) : paths.dataset(idOf(c)), 303)
  })

  /** A page of rows. A file that cannot be read is a sentence on the page: the rest of it still helps. */
  async function preview(actor: UserActor, id: string, version: VersionDetail, page: number): Promise<PreviewProps> {
    const { number, rows: total } = version
    const stored = await queries.stored(actor, id, number)
    try {
      return { version: number, total, page: await pageOf(await inTime(store.open(stored)), page) }
    } catch (error) {
      if (error instanceof ReadTooLong || error instanceof SnapshotUnreadable) {
        return { version: number, total, page: { problem: error.message } }
      }
      log.error('snapshot could not be read', error, { version: version.id })
      const problem = 'The stored file of this snapshot cannot be read. Create a new snapshot.'
      return { version: number, total, page: { problem } }
    }
  }

  async function download(c: AppContext, actor: UserActor, format: DownloadFormat) {
    const { datasetName, number } = await queries.version(actor, idOf(c), versionOf(c))
    const stored = await queries.stored(actor, idOf(c), number)
    const leave = format === 'parquet' ? () => {} : await places.take({ userId: actor.id })
    const {
      path,
      bytes,
      close: done,
    } = await store.open(stored).catch((error) => {
      leave()
      throw error
    })
    const close = () => {
      done()
      leave()
    }
    c.header('Content-Disposition', attachment(datasetName, number, format))
    c.header('Content-Type', contentTypes[format])
    c.header('Cache-Control', 'no-store')
    if (format === 'parquet') c.header('Content-Length', String(bytes))
    if (c.req.method === 'HEAD') {
      close()
      return c.body(null)
    }
    return c.body(await bodies[format](path, close))
  }

  return routes
}

const contentTypes: Readonly<Record<DownloadFormat, string>> = {
  parquet: 'application/vnd.apache.parquet',
  csv: 'text/csv; charset=utf-8; header=present',
  jsonl: 'application/x-ndjson; charset=utf-8',
}

/** Sends a stored file; `over` is called once it is not needed any more. */
type Body = (path: string, over: () => void) => Promise<ReadableStream<Uint8Array>>

const bodies: Readonly<Record<DownloadFormat, Body>> = {
  parquet: async (path, over) =>
    Readable.toWeb(createReadStream(path).once('close', over)) as ReadableStream<Uint8Array>,
  csv: streamCsv,
  jsonl: streamJsonLines,
}

function idOf(c: AppContext): string {
  return c.req.param('id') ?? ''
}

function versionOf(c: AppContext): number {
  return Number(c.req.param('version'))
}

/** Reads a page of an opened version, and closes it. */
async function pageOf(opened: OpenedVersion, page: number) {
  try {
    return await readPage(opened.path, page)
  } finally {
    opened.close()
  }
}

const openingMilliseconds = 10_000

/** What takes longer than a page may goes on meanwhile, so that the next try finds it open. */
async function inTime(opening: Promise<OpenedVersion>): Promise<OpenedVersion> {
  let late = false
  const timer = new AbortController()
  const tooLong = pause(openingMilliseconds, undefined, { signal: timer.signal, ref: false }).then(() => {
    late = true
    throw new ReadTooLong()
  })
  opening.then(
    ({ close }) => late && close(),
    () => {},
  )
  try {
    return await Promise.race([opening, tooLong])
  } finally {
    timer.abort()
    tooLong.catch(() => {})
  }
}

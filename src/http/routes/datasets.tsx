import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { DatasetPage } from '../../../views/catalog/dataset.tsx'
import { type PreviewProps, RowsPage } from '../../../views/catalog/preview.tsx'
import type { UserActor } from '../../access/actor.ts'
import { NotFound } from '../../access/refusals.ts'
import type { Datasets } from '../../catalog/datasets.ts'
import { attachment, type DownloadFormat, downloadFormats } from '../../catalog/file-names.ts'
import type { DatasetQueries, VersionDetail } from '../../catalog/queries.ts'
import { ReadTooLong, readPage } from '../../catalog/rows.ts'
import type { SnapshotStore } from '../../catalog/snapshot-store.ts'
import { streamCsv, streamJsonLines } from '../../catalog/streams.ts'
import type { Log } from '../../log.ts'
import { paths } from '../../paths.ts'
import type { ConnectionUse } from '../../sign-ins/use-connection.ts'
import { setFlash } from '../flash.ts'
import { readForm } from '../form.ts'
import { isId } from '../id.ts'
import { RequestRefused } from '../request-refused.ts'
import { type AppContext, Routes, signedIn } from '../routing.ts'
import { accountOf } from './dataset-accounts.tsx'

type Dependencies = {
  readonly datasets: Pick<Datasets, 'cancel'>
  readonly datasetQueries: DatasetQueries
  readonly use: Pick<ConnectionUse, 'accounts'>
  readonly store: SnapshotStore
  readonly log: Log
}

/** The pages of one dataset: what it is, its rows, downloads, and the end of what is being made. */
export function datasetRoutes(deps: Dependencies): Routes {
  const { datasets, datasetQueries: queries, use, store, log } = deps
  const routes = new Routes()

  routes.get('/catalog/:id', signedIn, async (c, actor) => {
    const dataset = await queries.show(actor, idOf(c))
    const accounts = dataset.connection === null ? [] : await use.accounts(actor, dataset.connection.id)
    const completed = dataset.versions.find(({ status }) => status === 'completed')
    return c.render(
      <DatasetPage
        dataset={dataset}
        only={accountOf(dataset, accounts)}
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
    const path = store.pathOf(await queries.file(actor, id, number))
    try {
      return { version: number, total, page: await readPage(path, page) }
    } catch (error) {
      if (error instanceof ReadTooLong) return { version: number, total, page: { problem: error.message } }
      log.error('snapshot could not be read', error, { version: version.id })
      const problem = 'The stored file of this snapshot cannot be read. Create a new snapshot.'
      return { version: number, total, page: { problem } }
    }
  }

  async function download(c: AppContext, actor: UserActor, format: DownloadFormat) {
    const { datasetName, number } = await queries.version(actor, idOf(c), versionOf(c))
    const path = store.pathOf(await queries.file(actor, idOf(c), number))
    const size = await sizeOf(path)
    c.header('Content-Disposition', attachment(datasetName, number, format))
    c.header('Content-Type', contentTypes[format])
    c.header('Cache-Control', 'no-store')
    if (format === 'parquet') c.header('Content-Length', String(size))
    if (c.req.method === 'HEAD') return c.body(null)
    return c.body(await bodies[format](path))
  }

  return routes
}

const contentTypes: Readonly<Record<DownloadFormat, string>> = {
  parquet: 'application/vnd.apache.parquet',
  csv: 'text/csv; charset=utf-8; header=present',
  jsonl: 'application/x-ndjson; charset=utf-8',
}

const bodies: Readonly<Record<DownloadFormat, (path: string) => Promise<ReadableStream<Uint8Array>>>> = {
  parquet: async (path) => Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>,
  csv: streamCsv,
  jsonl: streamJsonLines,
}

function idOf(c: AppContext): string {
  return c.req.param('id') ?? ''
}

function versionOf(c: AppContext): number {
  return Number(c.req.param('version'))
}

/** A file that somebody took away by hand is said so before anything is sent. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch {
    throw new RequestRefused(
      404,
      'The stored file is gone',
      'The file of this snapshot was removed outside Keyward. Open the dataset and create a new snapshot.',
    )
  }
}

import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { AccountStepPage, type TypedAccountForm } from '../../../views/catalog/account.tsx'
import { DatasetPage } from '../../../views/catalog/dataset.tsx'
import { DatasetBreadcrumbs } from '../../../views/catalog/dataset-breadcrumbs.tsx'
import { DatasetDeletionPage } from '../../../views/catalog/deletion.tsx'
import { type PreviewProps, RowsPage } from '../../../views/catalog/preview.tsx'
import type { UserActor } from '../../access/actor.ts'
import { NotFound } from '../../access/refusals.ts'
import type { Computing } from '../../catalog/computing.ts'
import type { Datasets } from '../../catalog/datasets.ts'
import { attachment } from '../../catalog/file-names.ts'
import type { DatasetDetail, DatasetQueries, VersionDetail } from '../../catalog/queries.ts'
import { ReadTooLong, readPage, streamCsv } from '../../catalog/rows.ts'
import type { SnapshotStore } from '../../catalog/snapshot-store.ts'
import { type OpenedVersion, SnapshotUnreadable } from '../../catalog/stored-version.ts'
import type { ConnectionQueries } from '../../connections/queries.ts'
import type { Log } from '../../log.ts'
import { paths } from '../../paths.ts'
import type { SavingAccounts } from '../../sign-ins/save-and-sign-in.ts'
import type { Account, ConnectionUse } from '../../sign-ins/use-connection.ts'
import { setFlash } from '../flash.ts'
import { type FormFields, readForm } from '../form.ts'
import { untilGone } from '../gone.ts'
import { isId } from '../id.ts'
import { type AppContext, Routes, signedIn } from '../routing.ts'
import { formToShow, isAccountForm, onlyAccount, readAccount } from './account-step.ts'
import { typeFor, typeLinks } from './add-data.ts'

type Dependencies = {
  readonly datasets: Datasets
  readonly datasetQueries: DatasetQueries
  readonly connectionQueries: ConnectionQueries
  readonly use: ConnectionUse
  readonly saving: SavingAccounts
  readonly store: SnapshotStore
  readonly computing: Pick<Computing, 'lineage'>
  readonly log: Log
}

/** The pages of one dataset: what it is, its rows, downloads, new versions, cancelling, deleting. */
export function datasetRoutes(deps: Dependencies): Routes {
  const { datasets, datasetQueries: queries, connectionQueries, use, saving, store, computing, log } = deps
  const routes = new Routes()

  routes.get('/catalog/:id', signedIn, async (c, actor) => {
    const dataset = await queries.show(actor, idOf(c))
    const accounts = dataset.connection === null ? [] : await use.accounts(actor, dataset.connection.id)
    const only = onlyAccount(accounts)
    const completed = dataset.versions.find(({ status }) => status === 'completed')
    return c.render(
      <DatasetPage
        dataset={dataset}
        only={only === undefined ? null : { id: only.credentialId, name: only.name }}
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

  for (const format of ['parquet', 'csv'] as const) {
    routes.get(`/catalog/:id/versions/:version/data.${format}`, signedIn, (c, actor) => download(c, actor, format))
  }

  routes.get('/catalog/:id/versions/new', signedIn, async (c, actor) => {
    const dataset = await queries.show(actor, idOf(c))
    return c.render(await chooseAccount(c, actor, dataset, null))
  })

  routes.post('/catalog/:id/versions/new', signedIn, (c, actor) => refresh(c, actor))

  routes.post('/catalog/:id/versions/:version/cancellation', signedIn, async (c, actor) => {
    if (await datasets.cancel(actor, idOf(c), versionOf(c))) setFlash(c, 'dataset-cancelled')
    return c.redirect(paths.dataset(idOf(c)), 303)
  })

  routes.get('/catalog/:id/deletion', signedIn, async (c, actor) => {
    const dataset = await queries.show(actor, idOf(c))
    return c.render(<DatasetDeletionPage dataset={dataset} versions={dataset.versions.length} />)
  })

  routes.post('/catalog/:id/deletion', signedIn, async (c, actor) => {
    await datasets.delete(actor, idOf(c))
    setFlash(c, 'dataset-deleted')
    return c.redirect(paths.catalog(), 303)
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

  async function download(c: AppContext, actor: UserActor, format: 'parquet' | 'csv') {
    const { datasetName, number } = await queries.version(actor, idOf(c), versionOf(c))
    const { path, bytes, close } = await store.open(await queries.stored(actor, idOf(c), number))
    c.header('Content-Disposition', attachment(datasetName, number, format))
    c.header('Content-Type', contentTypes[format])
    c.header('Cache-Control', 'no-store')
    if (format === 'parquet') c.header('Content-Length', String(bytes))
    if (c.req.method === 'HEAD') {
      close()
      return c.body(null)
    }
    if (format === 'csv') return c.body(await streamCsv(path, close))
    return c.body(Readable.toWeb(createReadStream(path).once('close', close)) as ReadableStream<Uint8Array>)
  }

  async function refresh(c: AppContext, actor: UserActor) {
    const dataset = await queries.show(actor, idOf(c))
    const fields = await readForm(c)
    const { connection } = dataset
    // Without a connection, and while a version is being made, the dataset's page says so.
    if (connection === null) return c.redirect(paths.dataset(dataset.id), 303)
    const account = await accountFrom(c, actor, connection.id, fields)
    if (account === undefined) return c.redirect(paths.newDatasetVersion(dataset.id), 303)
    if ('form' in account) {
      c.status(422)
      return c.render(await chooseAccount(c, actor, dataset, account.form))
    }
    const outcome = await datasets.refresh(actor, dataset.id, account)
    if (outcome.ok) setFlash(c, 'dataset-started')
    return c.redirect(paths.dataset(dataset.id), 303)
  }

  /** Returns the account that was picked or typed, the form to show again, or undefined for neither. */
  async function accountFrom(c: AppContext, actor: UserActor, connectionId: string, fields: FormFields) {
    if (!isAccountForm(fields)) return storedAccount(fields.text('account'))
    const connection = await connectionQueries.show(actor, connectionId)
    const read = await readAccount(saving, actor, connection, fields, untilGone(c))
    if (read.kind === 'again') return { form: read.form }
    return read.kind === 'saved' ? storedAccount(read.credentialId) : ({ kind: 'typed', ...read.account } as const)
  }

  async function chooseAccount(c: AppContext, actor: UserActor, dataset: DatasetDetail, form: TypedAccountForm | null) {
    if (dataset.connection === null) throw new NotFound()
    const connection = await connectionQueries.show(actor, dataset.connection.id)
    const accounts = await use.accounts(actor, connection.id)
    const action = paths.newDatasetVersion(dataset.id)
    const type = typeFor(connection.driver, form?.typeId ?? c.req.query('type'))
    return (
      <AccountStepPage
        title={`Create snapshot of ${dataset.name}`}
        subtitle={`${connection.name} · ${connection.address.address}`}
        breadcrumbs={<DatasetBreadcrumbs dataset={dataset} current="Create snapshot" />}
        action={action}
        differentHref={paths.newDatasetVersion(dataset.id, { account: 'different' })}
        cancelHref={paths.dataset(dataset.id)}
        accounts={accounts}
        destination={connection.destination}
        type={type}
        types={typeLinks(connection.driver, type, (one) =>
          paths.newDatasetVersion(dataset.id, { account: 'different', type: one }),
        )}
        form={form ?? formToShow(accounts, c.req.query('account') === 'different')}
        storedCredentials={c.get('storedCredentials')}
        use="Create snapshot"
      />
    )
  }

  return routes
}

const contentTypes = {
  parquet: 'application/vnd.apache.parquet',
  csv: 'text/csv; charset=utf-8; header=present',
} as const

function idOf(c: AppContext): string {
  return c.req.param('id') ?? ''
}

function versionOf(c: AppContext): number {
  return Number(c.req.param('version'))
}

function storedAccount(credentialId: string): Account | undefined {
  return isId(credentialId) ? { kind: 'stored', credentialId } : undefined
}

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

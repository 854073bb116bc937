import { DatasetErasurePage, DeletedDatasetsPage } from '../../../views/catalog/deleted.tsx'
import { DatasetDeletionPage, VersionDeletionPage } from '../../../views/catalog/deletion.tsx'
import { EditDatasetPage } from '../../../views/catalog/edit.tsx'
import { NotFound } from '../../access/refusals.ts'
import type { Computing } from '../../catalog/computing.ts'
import type { DatasetDeletion } from '../../catalog/deletion.ts'
import type { DatasetDescription } from '../../catalog/description.ts'
import type { DatasetListing } from '../../catalog/listing.ts'
import { type DatasetQueries, isOpen } from '../../catalog/queries.ts'
import type { DatasetSharing } from '../../catalog/sharing.ts'
import { paths } from '../../paths.ts'
import type { ScheduleQueries } from '../../schedules/queries.ts'
import { setFlash } from '../flash.ts'
import { readForm } from '../form.ts'
import { type AppContext, Routes, signedIn } from '../routing.ts'

type Dependencies = {
  readonly datasetQueries: DatasetQueries
  readonly datasetListing: DatasetListing
  readonly datasetDescription: DatasetDescription
  readonly datasetDeletion: DatasetDeletion
  readonly datasetSharing: Pick<DatasetSharing, 'people'>
  readonly computing: Pick<Computing, 'lineage'>
  readonly scheduleQueries: Pick<ScheduleQueries, 'has'>
}

/** What changes about a dataset: its words, its versions, and whether it is there. */
export function datasetChangeRoutes(deps: Dependencies): Routes {
  const { datasetQueries: queries, datasetListing: listing, datasetDescription, datasetDeletion: deletion } = deps
  const routes = new Routes()

  routes.get('/catalog/deleted', signedIn, async (c, actor) =>
    c.render(<DeletedDatasetsPage rows={await listing.deleted(actor)} />),
  )

  routes.get('/catalog/:id/edit', signedIn, async (c, actor) => {
    const dataset = await queries.show(actor, idOf(c), 'dataset.edit')
    const { name, description, revision } = dataset
    const form = { name, description, revision, tags: dataset.tags.join(', ') }
    return c.render(<EditDatasetPage dataset={dataset} form={form} />)
  })

  routes.post('/catalog/:id/edit', signedIn, async (c, actor) => {
    const fields = await readForm(c)
    const words = { name: fields.text('name'), description: fields.text('description'), tags: fields.text('tags') }
    const revision = Number(fields.text('revision'))
    const outcome = await datasetDescription.edit(actor, idOf(c), { ...words, revision })
    if (outcome.ok) {
      setFlash(c, 'dataset-saved')
      return c.redirect(paths.dataset(idOf(c)), 303)
    }
    const dataset = await queries.show(actor, idOf(c))
    if (outcome.reason === 'invalid') {
      c.status(422)
      const form = { ...words, revision, errors: outcome.errors }
      return c.render(<EditDatasetPage dataset={dataset} form={form} />)
    }
    c.status(409)
    const form = { ...words, revision: outcome.current.revision, conflict: outcome.current }
    return c.render(<EditDatasetPage dataset={dataset} form={form} />)
  })

  routes.get('/catalog/:id/versions/:version/deletion', signedIn, async (c, actor) => {
    const dataset = await queries.show(actor, idOf(c), 'dataset.delete-version')
    const version = await queries.version(actor, dataset.id, versionOf(c))
    if (isOpen(version.status)) throw new NotFound()
    return c.render(<VersionDeletionPage dataset={dataset} version={version} />)
  })

  routes.post('/catalog/:id/versions/:version/deletion', signedIn, async (c, actor) => {
    const deleted = await deletion.deleteVersion(actor, idOf(c), versionOf(c))
    setFlash(c, deleted ? 'version-deleted' : 'version-running')
    return c.redirect(paths.dataset(idOf(c)), 303)
  })

  routes.get('/catalog/:id/deletion', signedIn, async (c, actor) => {
    const dataset = await queries.show(actor, idOf(c), 'dataset.delete')
    const people = await deps.datasetSharing.people(actor, dataset.id)
    const lineage = await deps.computing.lineage.of(actor, dataset.id)
    const isScheduled = await deps.scheduleQueries.has(dataset.id)
    const its = { dataset, sharedWith: people.length - 1, lineage, isScheduled }
    return c.render(<DatasetDeletionPage {...its} />)
  })

  routes.post('/catalog/:id/deletion', signedIn, async (c, actor) => {
    await deletion.delete(actor, idOf(c))
    setFlash(c, 'dataset-deleted')
    return c.redirect(paths.catalog(), 303)
  })

  routes.post('/catalog/:id/restoration', signedIn, async (c, actor) => {
    await deletion.restore(actor, idOf(c))
    setFlash(c, 'dataset-restored')
    return c.redirect(paths.dataset(idOf(c)), 303)
  })

  routes.get('/catalog/:id/erasure', signedIn, async (c, actor) =>
    c.render(<DatasetErasurePage dataset={await deletion.deleted(actor, idOf(c))} />),
  )

  routes.post('/catalog/:id/erasure', signedIn, async (c, actor) => {
    await deletion.erase(actor, idOf(c))
    setFlash(c, 'dataset-erased')
    return c.redirect(paths.deletedDatasets(), 303)
  })

  return routes
}

function idOf(c: AppContext): string {
  return c.req.param('id') ?? ''
}

function versionOf(c: AppContext): number {
  return Number(c.req.param('version'))
}

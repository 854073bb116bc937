import { DatasetShareRemovalPage, DatasetShareRolePage } from '../../../views/catalog/roles.tsx'
import { DatasetSharingPage } from '../../../views/catalog/sharing.tsx'
import type { ShareForm } from '../../../views/connections/sharing.tsx'
import type { UserActor } from '../../access/actor.ts'
import { NotFound } from '../../access/refusals.ts'
import type { DatasetQueries } from '../../catalog/queries.ts'
import type { DatasetSharing } from '../../catalog/sharing.ts'
import { paths } from '../../paths.ts'
import { setFlash } from '../flash.ts'
import { readForm } from '../form.ts'
import { type AppContext, Routes, signedIn } from '../routing.ts'

type Dependencies = { readonly datasetQueries: DatasetQueries; readonly datasetSharing: DatasetSharing }

/** The pages on which a dataset is shared. */
export function datasetSharingRoutes(deps: Dependencies): Routes {
  const { datasetQueries: queries, datasetSharing: sharing } = deps
  const routes = new Routes()

  async function sharingPage(c: AppContext, actor: UserActor, form: ShareForm) {
    const dataset = await queries.show(actor, idOf(c))
    const people = await sharing.people(actor, dataset.id)
    return <DatasetSharingPage dataset={dataset} people={people} ownId={actor.id} form={form} />
  }

  routes.get('/catalog/:id/sharing', signedIn, async (c, actor) =>
    c.render(await sharingPage(c, actor, { email: '', role: 'consumer' })),
  )

  routes.post('/catalog/:id/sharing', signedIn, async (c, actor) => {
    const fields = await readForm(c)
    const form = { email: fields.text('email'), role: fields.text('role') }
    const outcome = await sharing.share(actor, idOf(c), form.email, form.role)
    if (!outcome.ok) {
      c.status(422)
      const { field, error: message } = outcome
      return c.render(await sharingPage(c, actor, { ...form, error: { field, message } }))
    }
    setFlash(c, 'dataset-shared')
    return c.redirect(paths.datasetSharing(idOf(c)), 303)
  })

  /** The page of a role, for whom the dataset is shared with; who made it keeps theirs. */
  async function rolePage(c: AppContext, actor: UserActor, error?: string) {
    const dataset = await queries.show(actor, idOf(c), 'dataset.share')
    const person = (await sharing.people(actor, dataset.id)).find(({ userId }) => userId === userIdOf(c))
    if (person === undefined || person.isFirst) throw new NotFound()
    return <DatasetShareRolePage dataset={dataset} person={person} {...(error === undefined ? {} : { error })} />
  }

  routes.get('/catalog/:id/sharing/:userId/role', signedIn, async (c, actor) => c.render(await rolePage(c, actor)))

  routes.post('/catalog/:id/sharing/:userId/role', signedIn, async (c, actor) => {
    const outcome = await sharing.changeRole(actor, idOf(c), userIdOf(c), (await readForm(c)).text('role'))
    if (outcome.ok) {
      setFlash(c, 'dataset-role-changed')
      return c.redirect(paths.datasetSharing(idOf(c)), 303)
    }
    c.status(422)
    if (outcome.field === 'role') return c.render(await rolePage(c, actor, outcome.error))
    return c.render(await sharingPage(c, actor, refusedWith(outcome.error)))
  })

  routes.get('/catalog/:id/sharing/:userId/removal', signedIn, async (c, actor) => {
    const dataset = await queries.show(actor, idOf(c))
    const person = await sharing.removable(actor, dataset.id, userIdOf(c))
    return c.render(<DatasetShareRemovalPage dataset={dataset} person={person} isOwn={userIdOf(c) === actor.id} />)
  })

  routes.post('/catalog/:id/sharing/:userId/removal', signedIn, async (c, actor) => {
    const outcome = await sharing.remove(actor, idOf(c), userIdOf(c))
    if (!outcome.ok) {
      c.status(422)
      return c.render(await sharingPage(c, actor, refusedWith(outcome.error)))
    }
    const left = userIdOf(c) === actor.id
    setFlash(c, left ? 'dataset-left' : 'dataset-unshared')
    return c.redirect(left ? paths.catalog() : paths.datasetSharing(idOf(c)), 303)
  })

  return routes
}

function refusedWith(message: string): ShareForm {
  return { email: '', role: 'consumer', error: { field: null, message } }
}

function idOf(c: AppContext): string {
  return c.req.param('id') ?? ''
}

function userIdOf(c: AppContext): string {
  return c.req.param('userId') ?? ''
}

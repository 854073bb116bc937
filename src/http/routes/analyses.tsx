import { type ComparisonChoice, ComparisonPage } from '../../../views/catalog/comparison.tsx'
import { ProfilePage } from '../../../views/catalog/profile.tsx'
import type { UserActor } from '../../access/actor.ts'
import { NotFound } from '../../access/refusals.ts'
import type { Subject } from '../../catalog/analyses.ts'
import type { Computing } from '../../catalog/computing.ts'
import { driftBetween } from '../../catalog/drift.ts'
import type { DatasetQueries } from '../../catalog/queries.ts'
import { paths } from '../../paths.ts'
import { setFlash } from '../flash.ts'
import { readForm } from '../form.ts'
import { type AppContext, Routes, signedIn } from '../routing.ts'

type Dependencies = {
  readonly computing: Pick<Computing, 'analyses'>
  readonly datasetQueries: DatasetQueries
}

/** What is computed over the versions of a dataset: the profile of one, and how two differ. */
export function analysisRoutes({ computing, datasetQueries: queries }: Dependencies): Routes {
  const routes = new Routes()

  routes.get('/catalog/:id/versions/:version/profile', signedIn, async (c, actor) => {
    const subject = profileOf(c)
    const { datasetName } = await queries.version(actor, idOf(c), subject.version)
    const state = await computing.analyses.show(actor, idOf(c), subject)
    const dataset = { id: idOf(c), name: datasetName }
    return c.render(<ProfilePage dataset={dataset} version={subject.version} state={state} page={pageOf(c)} />)
  })

  routes.post('/catalog/:id/versions/:version/profile', signedIn, async (c, actor) => {
    await computing.analyses.begin(actor, idOf(c), profileOf(c))
    return c.redirect(paths.datasetProfile(idOf(c), profileOf(c).version), 303)
  })

  routes.post('/catalog/:id/versions/:version/profile/cancellation', signedIn, async (c, actor) => {
    await computing.analyses.cancel(actor, idOf(c), profileOf(c))
    setFlash(c, 'analysis-cancelled')
    return c.redirect(paths.datasetProfile(idOf(c), profileOf(c).version), 303)
  })

  routes.get('/catalog/:id/comparison', signedIn, (c, actor) => comparison(c, actor, choiceIn(c), {}))

  routes.post('/catalog/:id/comparison', signedIn, async (c, actor) => {
    const fields = await readForm(c)
    // The button beside a result that is not there yet sends nothing: its address says what.
    const choice = fields.has('from') ? choiceOf((name) => fields.text(name)) : choiceIn(c)
    if (choice === null) return comparison(c, actor, null, { from: 'Choose two versions from the lists.' })
    if (choice.from === choice.to) {
      return comparison(c, actor, choice, { to: 'These are the same version. Choose another one.' })
    }
    await computing.analyses.begin(actor, idOf(c), comparisonOf(choice))
    return c.redirect(paths.datasetComparison(idOf(c), choice), 303)
  })

  routes.post('/catalog/:id/comparison/cancellation', signedIn, async (c, actor) => {
    const choice = choiceIn(c)
    if (choice === null) throw new NotFound()
    await computing.analyses.cancel(actor, idOf(c), comparisonOf(choice))
    setFlash(c, 'analysis-cancelled')
    return c.redirect(paths.datasetComparison(idOf(c), choice), 303)
  })

  async function comparison(
    c: AppContext,
    actor: UserActor,
    choice: ComparisonChoice | null,
    errors: Readonly<Record<string, string>>,
  ) {
    const dataset = await queries.show(actor, idOf(c))
    const versions = dataset.versions.filter(({ status }) => status === 'completed')
    const standard = { from: versions[1]?.number ?? 0, to: versions[0]?.number ?? 0, key: '' }
    const hasErrors = Object.keys(errors).length > 0
    if (hasErrors) c.status(422)
    const shown = choice === null || hasErrors ? null : await compared(actor, dataset.id, choice)
    const page = { dataset, versions, choice: choice ?? standard, shown, errors }
    return c.render(<ComparisonPage {...page} />)
  }

  async function compared(actor: UserActor, id: string, choice: ComparisonChoice) {
    const [from, to] = [await queries.version(actor, id, choice.from), await queries.version(actor, id, choice.to)]
    const state = await computing.analyses.show(actor, id, comparisonOf(choice))
    return { drift: driftBetween(from.columns, to.columns), state }
  }

  return routes
}

function idOf(c: AppContext): string {
  return c.req.param('id') ?? ''
}

function profileOf(c: AppContext): Subject & { readonly kind: 'profile' } {
  return { kind: 'profile', version: Number(c.req.param('version')) }
}

function pageOf(c: AppContext): number {
  const text = c.req.query('page') ?? '1'
  return /^[1-9]\d{0,3}$/.test(text) ? Number(text) : 1
}

function comparisonOf({ from, to, key }: ComparisonChoice): Subject & { readonly kind: 'comparison' } {
  return { kind: 'comparison', from, version: to, key: key === '' ? null : key }
}

function choiceIn(c: AppContext): ComparisonChoice | null {
  return choiceOf((name) => c.req.query(name) ?? '')
}

/** Null where there are no two numbers of versions. */
function choiceOf(text: (name: string) => string): ComparisonChoice | null {
  const [from, to] = [text('from'), text('to')]
  const areNumbers = [from, to].every((number) => /^[1-9]\d{0,8}$/.test(number))
  return areNumbers ? { from: Number(from), to: Number(to), key: text('key') } : null
}

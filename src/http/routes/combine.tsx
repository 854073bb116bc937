import { CombinePage, type CombinePageProps } from '../../../views/catalog/combine.tsx'
import type { UserActor } from '../../access/actor.ts'
import type { Combine, QueryRefusal } from '../../catalog/combine.ts'
import { quoted } from '../../catalog/combine-names.ts'
import type { Computing } from '../../catalog/computing.ts'
import { foldForSearch, parseName } from '../../names.ts'
import { paths } from '../../paths.ts'
import { setFlash } from '../flash.ts'
import { readForm } from '../form.ts'
import { type AppContext, Routes, signedIn } from '../routing.ts'

type Typed = Pick<CombinePageProps, 'query' | 'name' | 'search'>

/** **Combine datasets**: a query over datasets, and the datasets that are made by one. */
export function combineRoutes(deps: { computing: Pick<Computing, 'combine'> }): Routes {
  const { computing } = deps
  const routes = new Routes()

  routes.get('/catalog/combine', signedIn, (c, actor) =>
    show(c, actor, computing.combine, { query: '', name: '', search: '' }),
  )

  routes.post('/catalog/combine', signedIn, async (c, actor) => {
    const fields = await readForm(c)
    const typed: Typed = {
      query: fields.text('query').replaceAll('\r\n', '\n'),
      name: fields.text('name'),
      search: fields.text('search'),
    }
    const insert = fields.text('insert')
    if (insert !== '') return show(c, actor, computing.combine, { ...typed, query: withInserted(typed.query, insert) })
    const intent = fields.text('intent')
    if (intent === 'search') return show(c, actor, computing.combine, typed)
    return intent === 'preview' ? preview(c, actor, typed) : save(c, actor, typed)
  })

  routes.post('/catalog/:id/combination', signedIn, async (c, actor) => {
    const id = c.req.param('id') ?? ''
    const outcome = await computing.combine.refresh(actor, id)
    if (outcome.ok) setFlash(c, 'dataset-started')
    return c.redirect(paths.dataset(id), 303)
  })

  async function preview(c: AppContext, actor: UserActor, typed: Typed) {
    const outcome = await computing.combine.preview(actor, typed.query)
    if (!outcome.ok) return show(c, actor, computing.combine, typed, { errors: { query: sentenceOf(outcome) } })
    return show(c, actor, computing.combine, typed, { preview: outcome })
  }

  async function save(c: AppContext, actor: UserActor, typed: Typed) {
    const parsed = parseName(typed.name, 'Dataset name')
    if (!parsed.ok) return show(c, actor, computing.combine, typed, { errors: { name: parsed.error } })
    const outcome = await computing.combine.save(actor, { name: parsed.name, query: typed.query })
    if (!outcome.ok) return show(c, actor, computing.combine, typed, { errors: { query: sentenceOf(outcome) } })
    setFlash(c, 'dataset-started')
    return c.redirect(paths.dataset(outcome.id), 303)
  }

  return routes
}

async function show(
  c: AppContext,
  actor: UserActor,
  combine: Pick<Combine, 'list'>,
  typed: Typed,
  shown: Partial<Pick<CombinePageProps, 'preview' | 'errors'>> = {},
) {
  const { preview = null, errors = {} } = shown
  if (Object.keys(errors).length > 0) c.status(422)
  const datasets = await combine.list(actor)
  const wanted = foldForSearch(typed.search)
  const found = datasets.filter(({ alias }) => foldForSearch(alias).includes(wanted))
  return c.render(<CombinePage datasets={datasets} found={found} {...typed} preview={preview} errors={errors} />)
}

/** What is wrong, and where that is in the words that people use. */
function sentenceOf({ message, position }: QueryRefusal): string {
  if (position === null) return message
  const where =
    position.line === 1 ? `at character ${position.column}` : `in line ${position.line}, character ${position.column}`
  return `${message.replace(/[.!?]$/, '')} (${where}).`
}

/** At the end, as the first or the next thing that is read. */
function withInserted(query: string, name: string): string {
  if (query.trim() === '') return `SELECT *\nFROM ${quoted(name)}`
  return `${query}${/\s$/.test(query) ? '' : ' '}${quoted(name)}`
}

import { ProvenEditPage } from '../../../views/credentials/proven-edit.tsx'
import { SplitPage } from '../../../views/credentials/split.tsx'
import type { UserActor } from '../../access/actor.ts'
import type { EditRefused } from '../../credentials/edit-decisions.ts'
import type { ProvenEditDetail, ProvenEditQueries } from '../../credentials/proven-edit-queries.ts'
import type { Vault } from '../../credentials/vault.ts'
import { paths } from '../../paths.ts'
import type { ProvenEdits } from '../../sign-ins/proven-edits.ts'
import { type FlashKey, setFlash } from '../flash.ts'
import { readForm } from '../form.ts'
import { type AppContext, Routes, withStoredCredentials } from '../routing.ts'

type Dependencies = {
  readonly vault: Vault
  readonly provenEditQueries: ProvenEditQueries
  readonly provenEdits: Pick<ProvenEdits, 'begin' | 'end'>
}

/** The pages of a proven edit: what it was tried on, trying again, and the three ways to decide. */
export function provenEditRoutes(deps: Dependencies): Routes {
  const { vault, provenEditQueries: queries, provenEdits } = deps
  const routes = new Routes()
  const page = '/credentials/:id/proven-edits/:editId'

  routes.get(page, withStoredCredentials, async (c, actor) => {
    const { id, editId } = idsOf(c)
    return c.render(<ProvenEditPage edit={await queries.show(actor, id, editId)} />)
  })

  routes.post(`${page}/trials`, withStoredCredentials, async (c, actor) => {
    const { id, editId } = idsOf(c)
    const outcome = await vault.retryEdit(actor, id, editId)
    // Who asks while it is being tried sees how it goes.
    if (!outcome.ok && outcome.reason !== 'trying') return refuse(c, actor, outcome)
    if (outcome.ok) provenEdits.begin(actor, editId)
    return c.redirect(paths.provenEdit(id, editId), 303)
  })

  routes.post(`${page}/application`, withStoredCredentials, async (c, actor) => {
    const { id, editId } = idsOf(c)
    const outcome = await vault.applyEdit(actor, id, editId)
    return outcome.ok ? decided(c, 'edit-applied') : refuse(c, actor, outcome)
  })

  routes.get(`${page}/split`, withStoredCredentials, async (c, actor) => {
    const { id, editId } = idsOf(c)
    const edit = await queries.show(actor, id, editId)
    if (!canSplit(edit)) return c.redirect(paths.provenEdit(id, editId), 303)
    return c.render(<SplitPage edit={edit} name={nameForOld(edit.stored.name)} />)
  })

  routes.post(`${page}/split`, withStoredCredentials, async (c, actor) => {
    const { id, editId } = idsOf(c)
    const name = (await readForm(c)).text('name')
    const outcome = await vault.splitEdit(actor, id, editId, name)
    if (outcome.ok) return decided(c, 'edit-split')
    if (outcome.reason === 'nothing to split') return c.redirect(paths.provenEdit(id, editId), 303)
    if (outcome.reason !== 'old name') return refuse(c, actor, outcome)
    c.status(422)
    return c.render(<SplitPage edit={await queries.show(actor, id, editId)} name={name} error={outcome.error} />)
  })

  routes.post(`${page}/discarding`, withStoredCredentials, async (c, actor) => {
    const { id, editId } = idsOf(c)
    const outcome = await vault.discardEdit(actor, id, editId)
    provenEdits.end(editId)
    return outcome.ok ? decided(c, 'edit-discarded') : refuse(c, actor, outcome)
  })

  /** The page of the edit says why; what waited longer than its hour is erased on this occasion. */
  async function refuse(c: AppContext, actor: UserActor, refused: EditRefused): Promise<Response> {
    const { id, editId } = idsOf(c)
    if (refused.reason === 'over') await vault.expireEdit(actor, id, editId)
    const edit = await queries.show(actor, id, editId)
    c.status(409)
    return c.render(<ProvenEditPage edit={edit} refused={sentenceFor(refused)} />)
  }

  return routes
}

function decided(c: AppContext, flash: FlashKey): Response {
  setFlash(c, flash)
  return c.redirect(paths.credential(idsOf(c).id), 303)
}

function idsOf(c: AppContext): { readonly id: string; readonly editId: string } {
  return { id: c.req.param('id') ?? '', editId: c.req.param('editId') ?? '' }
}

function canSplit({ state, conflict, connections }: ProvenEditDetail): boolean {
  const proven = connections.filter(({ isProven }) => isProven).length
  return state === 'tried' && conflict === null && proven > 0 && proven < connections.length
}

const longestName = 100

/** `reporting (old)`, cut to what a name may have. */
function nameForOld(name: string): string {
  const ending = ' (old)'
  return `${[...name].slice(0, longestName - ending.length).join('')}${ending}`
}

function sentenceFor(refused: EditRefused): string {
  switch (refused.reason) {
    case 'over':
      return 'This edit was decided already, or its hour is over.'
    case 'trying':
      return 'This edit is still being tried. Wait until that is over, then decide.'
    case 'changed':
      return 'These credentials were changed since this edit was begun.'
    case 'name':
      return `${refused.error} Discard this edit and start again.`
  }
}

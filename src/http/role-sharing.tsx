import type { Child } from 'hono/jsx'
import type { SharingPaths } from '../../views/sharing/people.tsx'
import type { ShareForm } from '../../views/sharing/share-section.tsx'
import type { UserActor } from '../access/actor.ts'
import type { Person } from '../access/people.ts'
import { NotFound } from '../access/refusals.ts'
import type { RoleSharing, ShareOutcome } from '../access/sharing.ts'
import { type FlashKey, setFlash } from './flash.ts'
import { readForm } from './form.ts'
import { type AppContext, type Routes, signedIn } from './routing.ts'

/** The pages on which things of one kind are shared, and where they are. */
export type SharedPages<T extends { readonly id: string }> = {
  /** What stands before `/:id/sharing`. */
  readonly under: '/connections' | '/catalog'
  readonly sharing: Pick<RoleSharing, 'people' | 'share' | 'changeRole'> & {
    remove(actor: UserActor, id: string, userId: string): Promise<ShareOutcome>
  }
  /** Finds what the actor may see; `toShare`, only what they may share. */
  show(actor: UserActor, id: string, toShare: boolean): Promise<T>
  at(id: string): SharingPaths
  /** Where who left a thing goes on. */
  readonly list: string
  readonly flashes: Readonly<Record<'shared' | 'roleChanged' | 'left' | 'removed', FlashKey>>
  page(c: AppContext, shown: { thing: T; people: readonly Person[]; ownId: string; form: ShareForm }): Child
  rolePage(thing: T, person: Person, error: string | undefined): Child
  removalPage(actor: UserActor, thing: T, userId: string): Promise<Child>
}

const emptyForm: ShareForm = { email: '', role: 'consumer' }

/** Adds the routes under which things of one kind are shared, roles changed, and people removed or left. */
export function addSharingRoutes<T extends { readonly id: string }>(routes: Routes, pages: SharedPages<T>): void {
  const { sharing, flashes } = pages
  const path = `${pages.under}/:id/sharing`

  async function sharingPage(c: AppContext, actor: UserActor, form: ShareForm) {
    const thing = await pages.show(actor, idOf(c), false)
    const people = await sharing.people(actor, thing.id)
    return c.render(pages.page(c, { thing, people, ownId: actor.id, form }))
  }

  /** The page of a role, for whom the thing is shared with; whose it was from the beginning keeps theirs. */
  async function rolePage(c: AppContext, actor: UserActor, error?: string) {
    const thing = await pages.show(actor, idOf(c), true)
    const person = (await sharing.people(actor, thing.id)).find(({ userId }) => userId === userIdOf(c))
    if (person === undefined || person.isFirst) throw new NotFound()
    return c.render(pages.rolePage(thing, person, error))
  }

  routes.get(path, signedIn, (c, actor) => sharingPage(c, actor, emptyForm))

  routes.post(path, signedIn, async (c, actor) => {
    const fields = await readForm(c)
    const form = { email: fields.text('email'), role: fields.text('role') }
    const outcome = await sharing.share(actor, idOf(c), form.email, form.role)
    if (!outcome.ok) {
      c.status(422)
      return sharingPage(c, actor, { ...form, error: { field: outcome.field, message: outcome.error } })
    }
    setFlash(c, flashes.shared)
    return c.redirect(pages.at(idOf(c)).sharing, 303)
  })

  routes.get(`${path}/:userId/role`, signedIn, (c, actor) => rolePage(c, actor))

  routes.post(`${path}/:userId/role`, signedIn, async (c, actor) => {
    const outcome = await sharing.changeRole(actor, idOf(c), userIdOf(c), (await readForm(c)).text('role'))
    if (!outcome.ok) {
      c.status(422)
      return outcome.field === 'role'
        ? rolePage(c, actor, outcome.error)
        : sharingPage(c, actor, refusedWith(outcome.error))
    }
    setFlash(c, flashes.roleChanged)
    return c.redirect(pages.at(idOf(c)).sharing, 303)
  })

  routes.get(`${path}/:userId/removal`, signedIn, async (c, actor) => {
    const thing = await pages.show(actor, idOf(c), false)
    return c.render(await pages.removalPage(actor, thing, userIdOf(c)))
  })

  routes.post(`${path}/:userId/removal`, signedIn, async (c, actor) => {
    const outcome = await sharing.remove(actor, idOf(c), userIdOf(c))
    if (!outcome.ok) {
      c.status(422)
      return sharingPage(c, actor, refusedWith(outcome.error))
    }
    const left = userIdOf(c) === actor.id
    setFlash(c, left ? flashes.left : flashes.removed)
    return c.redirect(left ? pages.list : pages.at(idOf(c)).sharing, 303)
  })
}

function refusedWith(message: string): ShareForm {
  return { ...emptyForm, error: { field: null, message } }
}

function idOf(c: AppContext): string {
  return c.req.param('id') ?? ''
}

function userIdOf(c: AppContext): string {
  return c.req.param('userId') ?? ''
}

import { FeatureAccessPage } from '../../../views/admin/features.tsx'
import { NewUserPage } from '../../../views/admin/new-user.tsx'
import { UsersPage } from '../../../views/admin/users.tsx'
import type { UserActor } from '../../access/actor.ts'
import type { Features } from '../../access/features.ts'
import type { NewUser, Users } from '../../access/users.ts'
import { paths } from '../../paths.ts'
import { setFlash } from '../flash.ts'
import { type FormFields, readForm } from '../form.ts'
import { type AppContext, administrator, Routes } from '../routing.ts'

type Dependencies = { readonly features: Features; readonly users: Users }

const feature = 'stored_credentials'

/** The administrators' pages: Feature access, and users. */
export function adminRoutes(deps: Dependencies): Routes {
  const { users } = deps
  const routes = new Routes()

  routes.get('/admin/features', administrator, (c, actor) => featurePage(c, deps, actor))

  routes.post('/admin/features', administrator, async (c, actor) => {
    const fields = await readForm(c)
    return fields.text('intent') === 'exception'
      ? except(c, deps, actor, fields)
      : switchFeature(c, deps, actor, fields)
  })

  routes.get('/admin/users', administrator, async (c, actor) =>
    c.render(<UsersPage users={await users.list(actor, actor.organizationId)} ownId={actor.id} />),
  )

  routes.get('/admin/users/new', administrator, (c) =>
    c.render(<NewUserPage form={{ email: '', name: '', role: 'member' }} errors={{}} />),
  )

  routes.post(
    '/admin/users/new',
    administrator,
    async (c, actor) => {
      const fields = await readForm(c)
      const role: NewUser['role'] = fields.text('role') === 'administrator' ? 'administrator' : 'member'
      const form = { email: fields.text('email'), name: fields.text('name'), role }
      const { organizationId } = actor
      const outcome = await users.create(actor, { ...form, organizationId, password: fields.secret('password') })
      if (!outcome.ok) {
        c.status(422)
        return c.render(<NewUserPage form={form} errors={outcome.errors} />)
      }
      setFlash(c, 'user-created')
      return c.redirect(paths.users(), 303)
    },
    { maximumBody: 64 * 1024 },
  )

  routes.post('/admin/users/:id/disabling', administrator, async (c, actor) => {
    const outcome = await users.disable(actor, c.req.param('id') ?? '')
    if (!outcome.ok) {
      c.status(422)
      const listed = await users.list(actor, actor.organizationId)
      return c.render(<UsersPage users={listed} ownId={actor.id} error={outcome.error} />)
    }
    setFlash(c, 'user-disabled')
    return c.redirect(paths.users(), 303)
  })

  routes.post('/admin/users/:id/enabling', administrator, async (c, actor) => {
    await users.enable(actor, c.req.param('id') ?? '')
    setFlash(c, 'user-enabled')
    return c.redirect(paths.users(), 303)
  })

  return routes
}

async function featurePage(c: AppContext, deps: Dependencies, actor: UserActor, error?: string) {
  const { organizationId } = actor
  const setting = await deps.features.show(actor, organizationId, feature)
  const listed = await deps.users.list(actor, organizationId)
  return c.render(<FeatureAccessPage setting={setting} users={listed} error={error} />)
}

async function switchFeature(c: AppContext, { features }: Dependencies, actor: UserActor, fields: FormFields) {
  const enabled = fields.text('enabled') === 'on'
  await features.change(actor, actor.organizationId, feature, enabled)
  setFlash(c, enabled ? 'feature-on' : 'feature-off')
  return c.redirect(paths.features(), 303)
}

async function except(c: AppContext, deps: Dependencies, actor: UserActor, fields: FormFields) {
  const { organizationId } = actor
  const listed = await deps.users.list(actor, organizationId)
  const user = listed.find(({ id }) => id === fields.text('user'))
  if (user === undefined) {
    c.status(422)
    return featurePage(c, deps, actor, 'Choose a user.')
  }
  const choice = fields.text('enabled')
  const enabled = choice === 'on' ? true : choice === 'off' ? false : null
  await deps.features.except(actor, organizationId, feature, user.id, enabled)
  setFlash(c, 'feature-exception')
  return c.redirect(paths.features(), 303)
}

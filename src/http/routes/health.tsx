import { type HealthForm, HealthPage } from '../../../views/connections/health.tsx'
import type { UserActor } from '../../access/actor.ts'
import type { ConnectionQueries } from '../../connections/queries.ts'
import type { Health, HealthService } from '../../health/health.ts'
import { paths } from '../../paths.ts'
import { setFlash } from '../flash.ts'
import { readForm } from '../form.ts'
import { type AppContext, Routes, withStoredCredentials } from '../routing.ts'

type Dependencies = { readonly health: HealthService; readonly connectionQueries: ConnectionQueries }

/** The page of a connection's scheduled sign-ins: how often, with which account, and what came of them. */
export function healthRoutes({ health, connectionQueries: queries }: Dependencies): Routes {
  const routes = new Routes()

  async function page(c: AppContext, actor: UserActor, form?: HealthForm) {
    const connection = await forItsOwners(c, actor)
    const its = await health.show(actor, connection.id)
    return c.render(<HealthPage connection={connection} health={its} form={form ?? formOf(its)} />)
  }

  /** A look signs in by itself, so only who may say that it does is shown the form, and what a refused one would say. */
  function forItsOwners(c: AppContext, actor: UserActor) {
    return queries.show(actor, c.req.param('id') ?? '', 'connection.set-health')
  }

  routes.get('/connections/:id/health', withStoredCredentials, (c, actor) => page(c, actor))

  routes.post('/connections/:id/health', withStoredCredentials, async (c, actor) => {
    const { id } = await forItsOwners(c, actor)
    const fields = await readForm(c)
    const form = { every: fields.text('every'), account: fields.text('account') }
    const credentialId = form.every === '' ? null : fields.id('account')
    const setting = form.every === '' ? null : { minutes: Number(form.every), credentialId: credentialId ?? '' }
    const outcome = await health.configure(actor, id, setting)
    if (outcome.ok) {
      setFlash(c, setting === null ? 'health-off' : 'health-on')
      return c.redirect(paths.connectionHealth(id), 303)
    }
    c.status(422)
    const error = outcome.field === 'every' ? 'Choose how often.' : 'Choose one of your accounts of this connection.'
    return page(c, actor, { ...form, errors: { [outcome.field]: error } })
  })

  return routes
}

function formOf({ minutes, credentialId, accounts }: Health): HealthForm {
  return { every: minutes === null ? '' : String(minutes), account: credentialId ?? accounts[0]?.credentialId ?? '' }
}

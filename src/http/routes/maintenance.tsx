import { type MaintenanceForm, MaintenancePage } from '../../../views/credentials/maintenance.tsx'
import type { UserActor } from '../../access/actor.ts'
import type { Maintenance } from '../../credentials/maintenance.ts'
import type { CredentialQueries } from '../../credentials/queries.ts'
import { paths } from '../../paths.ts'
import { setFlash } from '../flash.ts'
import { readForm } from '../form.ts'
import { type AppContext, Routes, withStoredCredentials } from '../routing.ts'

type Dependencies = { readonly maintenance: Maintenance; readonly credentialQueries: CredentialQueries }

/** The page of a credential's maintenance window. */
export function maintenanceRoutes({ maintenance, credentialQueries: queries }: Dependencies): Routes {
  const routes = new Routes()

  async function page(c: AppContext, actor: UserActor, form?: MaintenanceForm) {
    const detail = await queries.show(actor, c.req.param('id') ?? '')
    const { hold } = detail
    const saved = { from: hold === null ? '' : typed(hold.from), until: hold === null ? '' : typed(hold.until) }
    return c.render(<MaintenancePage detail={detail} form={form ?? saved} />)
  }

  routes.get('/credentials/:id/maintenance', withStoredCredentials, (c, actor) => page(c, actor))

  routes.post('/credentials/:id/maintenance', withStoredCredentials, async (c, actor) => {
    const id = c.req.param('id') ?? ''
    const fields = await readForm(c)
    const form = { from: fields.text('from').trim(), until: fields.text('until').trim() }
    const from = form.from === '' ? null : momentOf(form.from)
    const outcome = await maintenance.set(actor, id, { from, until: momentOf(form.until) })
    if (outcome.ok) {
      setFlash(c, 'maintenance-set')
      return c.redirect(paths.credential(id), 303)
    }
    c.status(422)
    return page(c, actor, { ...form, errors: outcome.errors })
  })

  routes.post('/credentials/:id/maintenance/end', withStoredCredentials, async (c, actor) => {
    const id = c.req.param('id') ?? ''
    setFlash(c, (await maintenance.end(actor, id)) ? 'maintenance-ended' : 'maintenance-none')
    return c.redirect(paths.credential(id), 303)
  })

  return routes
}

/** Reads what a `datetime-local` input sends, or a person types where there is no such input, as UTC; an invalid date for anything else. */
function momentOf(text: string): Date {
  const [, date, time] = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::\d\d(?:\.\d+)?)?$/.exec(text) ?? []
  const moment = new Date(`${date}T${time}:00.000Z`)
  // 31 February is read as 3 March; nobody meant that.
  return !Number.isNaN(moment.getTime()) && typed(moment) === `${date}T${time}` ? moment : new Date(Number.NaN)
}

function typed(at: Date): string {
  return at.toISOString().slice(0, 16)
}

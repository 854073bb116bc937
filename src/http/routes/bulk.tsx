import { BulkJobPage } from '../../../views/bulk/job.tsx'
import { CredentialsPage } from '../../../views/credentials/page.tsx'
import type { UserActor } from '../../access/actor.ts'
import { NotFound } from '../../access/refusals.ts'
import type { Bulk, ConfirmOutcome } from '../../bulk/bulk.ts'
import { bulkActions } from '../../bulk/bulk-job.ts'
import type { CredentialQueries } from '../../credentials/queries.ts'
import { credentialTypes } from '../../credentials/types/registry.ts'
import { paths } from '../../paths.ts'
import { type FormFields, readForm } from '../form.ts'
import { isId } from '../id.ts'
import { type AppContext, Routes, withStoredCredentials } from '../routing.ts'
import { listingOf } from './credential-listing.ts'

type Dependencies = { readonly bulk: Bulk; readonly credentialQueries: CredentialQueries }

/** The pages of one thing done to many credentials: choose, look at what would happen, confirm, follow. */
export function bulkRoutes(deps: Dependencies): Routes {
  const { bulk, credentialQueries } = deps
  const routes = new Routes()

  /** Where a reload leads after a choice that was refused. */
  routes.get('/credentials/bulk', withStoredCredentials, (c) => c.redirect(paths.credentials(), 303))

  routes.post('/credentials/bulk', withStoredCredentials, async (c, actor) => {
    const fields = await readForm(c)
    const listing = searchIn(fields)
    const ids = fields.all('id')
    if (!ids.every(isId)) throw new NotFound()
    const action = bulkActions.find((one) => one === fields.text('action'))
    const { after: _, ...matching } = listing
    const all = fields.checked('all')
    const outcome =
      action === undefined
        ? { ok: false as const, error: 'Choose what to do with them.' }
        : await bulk.choose(actor, action, all ? { matching } : { ids })
    if (outcome.ok) return c.redirect(paths.bulkJob(outcome.id), 303)
    c.status(422)
    const page = await credentialQueries.list(actor, listing)
    const refused = { error: outcome.error, chosen: ids, all }
    return c.render(
      <CredentialsPage listing={listing} page={page} types={credentialTypes} detail={null} refused={refused} />,
    )
  })

  routes.get('/credentials/bulk/:id', withStoredCredentials, async (c, actor) => {
    return c.render(<BulkJobPage shown={await bulk.show(actor, idOf(c))} typed={{}} />)
  })

  routes.post('/credentials/bulk/:id', withStoredCredentials, async (c, actor) => {
    const fields = await readForm(c)
    const outcome = await decide(bulk, actor, idOf(c), fields)
    if (outcome.ok) return c.redirect(paths.bulkJob(idOf(c)), 303)
    const { email, date } = { email: fields.text('email'), date: fields.text('date') }
    const typed = { ...(fields.has('email') ? { email } : {}), date, none: fields.checked('none') }
    c.status(422)
    const errors = [{ field: outcome.field, message: outcome.error }]
    return c.render(<BulkJobPage shown={await bulk.show(actor, idOf(c))} typed={typed} errors={errors} />)
  })

  routes.post('/credentials/bulk/:id/cancellation', withStoredCredentials, async (c, actor) => {
    await bulk.cancel(actor, idOf(c))
    return c.redirect(paths.bulkJob(idOf(c)), 303)
  })

  return routes
}

function decide(bulk: Bulk, actor: UserActor, id: string, fields: FormFields): Promise<ConfirmOutcome> {
  if (fields.text('intent') === 'owner') return bulk.chooseOwner(actor, id, fields.text('email'))
  const expiresAt = fields.checked('none') ? null : endOfDay(fields.text('date'))
  return bulk.confirm(actor, id, { dropUnusable: fields.checked('agreed'), expiresAt })
}

/** The last second of a day in UTC; an invalid date where the text is none. */
function endOfDay(text: string): Date {
  const day = text.trim()
  const date = new Date(/^\d{4}-\d{2}-\d{2}$/.test(day) ? `${day}T23:59:59Z` : Number.NaN)
  // The 31st of February is the 3rd of March to a Date.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day) ? date : new Date(Number.NaN)
}

function searchIn(fields: FormFields) {
  const names = ['q', 'type', 'attention', 'sort', 'after'].filter((name) => fields.text(name) !== '')
  return listingOf(Object.fromEntries(names.map((name) => [name, fields.text(name)])))
}

function idOf(c: AppContext): string {
  return c.req.param('id') ?? ''
}

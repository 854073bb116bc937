import { type ExpiryForm, ExpiryPage } from '../../../views/credentials/expiry.tsx'
import type { UserActor } from '../../access/actor.ts'
import { dayEnding, endOfDay, timeZones } from '../../credentials/end-of-day.ts'
import type { ExpiryChoice } from '../../credentials/expiry.ts'
import type { CredentialDetail, CredentialQueries } from '../../credentials/queries.ts'
import type { Vault } from '../../credentials/vault.ts'
import { paths } from '../../paths.ts'
import { setFlash } from '../flash.ts'
import { type FormFields, readForm } from '../form.ts'
import { type AppContext, Routes, withStoredCredentials } from '../routing.ts'

type Dependencies = { readonly vault: Vault; readonly credentialQueries: CredentialQueries }

/** The page on which an owner says when credentials end. */
export function expiryRoutes({ vault, credentialQueries: queries }: Dependencies): Routes {
  const routes = new Routes()

  async function page(c: AppContext, actor: UserActor, form?: ExpiryForm) {
    const detail = await queries.show(actor, c.req.param('id') ?? '')
    return c.render(<ExpiryPage detail={detail} zones={timeZones} form={form ?? formOf(detail)} />)
  }

  routes.get('/credentials/:id/expiry', withStoredCredentials, (c, actor) => page(c, actor))

  routes.post('/credentials/:id/expiry', withStoredCredentials, async (c, actor) => {
    const id = c.req.param('id') ?? ''
    const fields = await readForm(c)
    const typed = typedForm(fields)
    const read = fields.text('intent') === 'as learned' ? { choice: 'as learned' as const } : choiceOf(typed)
    const outcome = 'errors' in read ? read : await vault.setExpiry(actor, id, read.choice)
    if ('errors' in outcome || !outcome.ok) {
      const errors = 'errors' in outcome ? outcome.errors : { date: outcome.error }
      c.status(422)
      return page(c, actor, { ...typed, errors })
    }
    setFlash(c, outcome.expiry.expirySource === 'set' ? 'expiry-set' : 'expiry-learned')
    return c.redirect(paths.credential(id), 303)
  })

  return routes
}

type Choice = { readonly choice: ExpiryChoice } | { readonly errors: NonNullable<ExpiryForm['errors']> }

function choiceOf({ date, zone, none, shown }: ExpiryForm): Choice {
  if (none && (date === '' || date === shown)) return { choice: null }
  if (none) return { errors: { none: 'Choose either a date or no expiry.' } }
  if (date === '') return { errors: { date: 'Enter a date, or choose No expiry.' } }
  if (!timeZones.includes(zone)) return { errors: { zone: 'Choose a time zone.' } }
  const until = endOfDay(date, zone)
  return until === undefined ? { errors: { date: 'Enter a date, such as 2027-01-31.' } } : { choice: until }
}

function typedForm(fields: FormFields): ExpiryForm {
  const text = (name: string) => fields.text(name).trim()
  return { date: text('date'), zone: text('zone') || 'UTC', none: fields.checked('none'), shown: text('shown') }
}

/** A day that was meant in another time zone is not filled in: saved again as one of UTC, it would be another moment. */
function formOf({ expiresAt, expirySource }: CredentialDetail): ExpiryForm {
  const isSet = expirySource === 'set'
  const date = (isSet && expiresAt !== null && dayEnding(expiresAt)) || ''
  return { date, zone: 'UTC', none: isSet && expiresAt === null, shown: date }
}

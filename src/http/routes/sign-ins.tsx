import { NewSignInPage, type SignInForm } from '../../../views/sign-ins/new.tsx'
import { SignInPage } from '../../../views/sign-ins/show.tsx'
import type { UserActor } from '../../access/actor.ts'
import { NotFound } from '../../access/refusals.ts'
import type { ConnectionQueries } from '../../connections/queries.ts'
import { driver } from '../../connector/registry.ts'
import { parseNewFields } from '../../credentials/credential-type.ts'
import { credentialType, credentialTypes } from '../../credentials/types/registry.ts'
import { paths } from '../../paths.ts'
import type { SavingAccounts } from '../../sign-ins/save-and-sign-in.ts'
import type { SignIns } from '../../sign-ins/sign-ins.ts'
import type { ConnectionUse } from '../../sign-ins/use-connection.ts'
import { savedFlash, setFlash } from '../flash.ts'
import { type FormFields, readForm } from '../form.ts'
import { type AppContext, Routes, signedIn } from '../routing.ts'
import { typedFields } from '../typed-fields.ts'

type Dependencies = {
  readonly use: ConnectionUse
  readonly signIns: SignIns
  readonly saving: SavingAccounts
  readonly connectionQueries: ConnectionQueries
}

/** The pages of **Test connection**: choosing an account, and what came of signing in. */
export function signInRoutes(deps: Dependencies): Routes {
  const { use, signIns, saving, connectionQueries: queries } = deps
  const routes = new Routes()

  async function page(c: AppContext, actor: UserActor, form: SignInForm | null) {
    const connection = await queries.show(actor, c.req.param('id') ?? '')
    const accounts = await use.accounts(actor, connection.id)
    const type = typeFor(connection.driver)
    const shown = form ?? (accounts.length === 0 || c.req.query('different') ? blank : null)
    const storedCredentials = c.get('storedCredentials')
    return (
      <NewSignInPage
        connection={connection}
        accounts={accounts}
        type={type}
        form={shown}
        storedCredentials={storedCredentials}
      />
    )
  }

  routes.get('/connections/:id/sign-ins/new', signedIn, async (c, actor) => c.render(await page(c, actor, null)))

  routes.post('/connections/:id/sign-ins/new', signedIn, async (c, actor) => {
    const connectionId = c.req.param('id') ?? ''
    const fields = await readForm(c)
    const credentialId = fields.id('account')
    if (credentialId !== null) {
      const signIn = await signIns.create(actor, connectionId, { kind: 'stored', credentialId }, 'test')
      return c.redirect(paths.signIn(connectionId, signIn.id), 303)
    }
    const saving = fields.checked('save') || fields.text('intent').startsWith('save')
    return saving ? saveAndSignIn(c, actor, connectionId, fields) : signInOnce(c, actor, connectionId, fields)
  })

  routes.get('/connections/:id/sign-ins/:signInId', signedIn, async (c, actor) => {
    const connection = await queries.show(actor, c.req.param('id') ?? '')
    const signIn = await signIns.show(actor, connection.id, c.req.param('signInId') ?? '')
    if (signIn === undefined) throw new NotFound()
    return c.render(<SignInPage connection={connection} signIn={signIn} />)
  })

  /** Typed credentials, used once and forgotten. */
  async function signInOnce(c: AppContext, actor: UserActor, connectionId: string, fields: FormFields) {
    const type = typeFor((await queries.show(actor, connectionId)).driver)
    const parsed = parseNewFields(type, typedFields(fields))
    if (!parsed.ok) {
      c.status(422)
      return c.render(await page(c, actor, { ...formOf(fields), errors: parsed.errors }))
    }
    const account = { kind: 'typed', type: type.id, fields: parsed.fields } as const
    const signIn = await signIns.create(actor, connectionId, account, 'test')
    return c.redirect(paths.signIn(connectionId, signIn.id), 303)
  }

  async function saveAndSignIn(c: AppContext, actor: UserActor, connectionId: string, fields: FormFields) {
    const connection = await queries.show(actor, connectionId)
    const type = typeFor(connection.driver)
    const username = type.usernameField === null ? '' : fields.text(type.usernameField).trim()
    const outcome = await saving.create(actor, {
      type,
      name: fields.text('name').trim() || `${username} on ${connection.name}`.slice(0, 100),
      description: '',
      typed: typedFields(fields),
      connectionId,
      signIn: fields.text('intent') !== 'save',
    })
    if (outcome.kind === 'saved') {
      setFlash(c, savedFlash[outcome.proof])
      return c.redirect(paths.connectionCredentials(connectionId), 303)
    }
    c.status(422)
    const problem =
      outcome.kind === 'refused'
        ? { refusal: outcome.diagnosis }
        : outcome.kind === 'invalid'
          ? { errors: outcome.errors }
          : {}
    return c.render(await page(c, actor, { ...formOf(fields), save: true, ...problem }))
  }

  return routes
}

const blank: SignInForm = { name: '', description: '', values: {}, save: false }

/** What was typed, secrets aside. */
function formOf(fields: FormFields): SignInForm {
  const plain = credentialTypes.flatMap((type) => type.fields.filter((field) => !field.secret))
  const values = Object.fromEntries(plain.map((field) => [field.id, fields.text(field.id)]))
  return { name: fields.text('name'), description: '', values, save: fields.checked('save') }
}

/** The credential type that is typed for a driver: the first it accepts. */
function typeFor(driverId: string) {
  const [id] = driver(driverId)?.credentialTypes ?? []
  const type = credentialType(id ?? '')
  if (type === undefined) throw new NotFound()
  return type
}

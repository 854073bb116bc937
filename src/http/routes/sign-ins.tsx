import { NewSignInPage, type SignInForm } from '../../../views/sign-ins/new.tsx'
import { SignInPage } from '../../../views/sign-ins/show.tsx'
import type { UserActor } from '../../access/actor.ts'
import { NotFound } from '../../access/refusals.ts'
import type { ConnectionQueries } from '../../connections/queries.ts'
import { type CredentialType, parseNewFields } from '../../credentials/credential-type.ts'
import type { CredentialQueries } from '../../credentials/queries.ts'
import { credentialType, credentialTypes } from '../../credentials/types/registry.ts'
import { paths } from '../../paths.ts'
import type { SavingAccounts } from '../../sign-ins/save-and-sign-in.ts'
import type { SignIns } from '../../sign-ins/sign-ins.ts'
import type { ConnectionUse } from '../../sign-ins/use-connection.ts'
import { savedFlash, setFlash } from '../flash.ts'
import { type FormFields, readForm } from '../form.ts'
import { untilGone } from '../gone.ts'
import { type AppContext, Routes, signedIn } from '../routing.ts'
import { typedFields } from '../typed-fields.ts'
import { typeFor, typeLinks } from './add-data.ts'

type Dependencies = {
  readonly use: ConnectionUse
  readonly signIns: SignIns
  readonly saving: SavingAccounts
  readonly connectionQueries: ConnectionQueries
  readonly credentialQueries: CredentialQueries
}

/** The pages of **Test connection**: choosing an account, and what came of signing in. */
export function signInRoutes(deps: Dependencies): Routes {
  const { use, signIns, saving, connectionQueries: queries, credentialQueries } = deps
  const routes = new Routes()

  async function page(c: AppContext, actor: UserActor, form: SignInForm | null) {
    const connection = await queries.show(actor, c.req.param('id') ?? '')
    const accounts = await use.accounts(actor, connection.id)
    const type = typeFor(connection.driver, form?.typeId ?? c.req.query('type'))
    const shown = form ?? (accounts.length === 0 || c.req.query('different') ? blank : null)
    const storedCredentials = c.get('storedCredentials')
    return (
      <NewSignInPage
        connection={connection}
        accounts={accounts}
        type={type}
        types={typeLinks(connection.driver, type, (one) =>
          paths.signIns(connection.id, { different: 'yes', type: one }),
        )}
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
      const signIn = await signIns.create(actor, connectionId, { kind: 'stored', credentialId }, 'test', untilGone(c))
      if (signIn.resumed) setFlash(c, 'credentials-resumed')
      return c.redirect(paths.signIn(connectionId, signIn.id), 303)
    }
    const saving = fields.checked('save') || fields.text('intent').startsWith('save')
    return saving ? saveAndSignIn(c, actor, connectionId, fields) : signInOnce(c, actor, connectionId, fields)
  })

  routes.get('/connections/:id/sign-ins/:signInId', signedIn, async (c, actor) => {
    const connection = await queries.show(actor, c.req.param('id') ?? '')
    const signIn = await signIns.show(actor, connection.id, c.req.param('signInId') ?? '')
    if (signIn === undefined) throw new NotFound()
    return c.render(
      <SignInPage connection={connection} signIn={signIn} isAdministrator={actor.role === 'administrator'} />,
    )
  })

  /** Typed credentials, used once and forgotten. */
  async function signInOnce(c: AppContext, actor: UserActor, connectionId: string, fields: FormFields) {
    // Typed by the form, not by the connection: that is looked up, and a stranger's attempt recorded, by its use.
    const type = typeOf(fields)
    const parsed = parseNewFields(type, typedFields(fields))
    if (!parsed.ok) {
      c.status(422)
      return c.render(await page(c, actor, { ...formOf(fields), errors: parsed.errors }))
    }
    const shown = fields.text('destination')
    const destination = shown === '' ? {} : { destination: shown }
    const account = { kind: 'typed', type: type.id, fields: parsed.fields, ...destination } as const
    const signIn = await signIns.create(actor, connectionId, account, 'test', untilGone(c))
    return c.redirect(paths.signIn(connectionId, signIn.id), 303)
  }

  async function saveAndSignIn(c: AppContext, actor: UserActor, connectionId: string, fields: FormFields) {
    const type = typeOf(fields)
    const account = {
      type,
      name: fields.text('name').trim() || (await madeUpName(actor, connectionId, type, fields)),
      description: '',
      typed: typedFields(fields),
      connectionId,
      destination: fields.text('destination') || undefined,
      signIn: fields.text('intent') !== 'save',
    }
    const outcome = await saving.create(actor, account, untilGone(c))
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

  /** A name for who typed none: the username and the connection's name, with a number where that is taken. */
  async function madeUpName(actor: UserActor, connectionId: string, type: CredentialType, fields: FormFields) {
    const connection = await queries.show(actor, connectionId)
    const username = type.usernameField === null ? type.label : fields.text(type.usernameField).trim()
    const name = `${username} on ${connection.name}`.slice(0, 95)
    for (let number = 2; number < 100; number++) {
      const candidate = number === 2 ? name : `${name} ${number - 1}`
      if ((await credentialQueries.checkName(actor, candidate)).ok) return candidate
    }
    return name
  }

  return routes
}

const blank: SignInForm = { name: '', description: '', values: {}, save: false }

/** What was typed, secrets aside. */
function formOf(fields: FormFields): SignInForm {
  const plain = credentialTypes.flatMap((type) => type.fields.filter((field) => !field.secret))
  const values = Object.fromEntries(plain.map((field) => [field.id, fields.text(field.id)]))
  const typeId = fields.text('type')
  return { name: fields.text('name'), description: '', values, save: fields.checked('save'), typeId }
}

function typeOf(fields: FormFields): CredentialType {
  const type = credentialType(fields.text('type'))
  if (type === undefined) throw new NotFound()
  return type
}

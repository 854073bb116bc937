import { CredentialDeletionPage } from '../../../views/credentials/deletion.tsx'
import { EditCredentialPage, type EditForm } from '../../../views/credentials/edit.tsx'
import { NewCredentialPage, type NewForm } from '../../../views/credentials/new.tsx'
import { CredentialsPage, type CredentialsPageProps } from '../../../views/credentials/page.tsx'
import { CredentialTypesPage } from '../../../views/credentials/type-choice.tsx'
import type { UserActor } from '../../access/actor.ts'
import type { ConnectionQueries } from '../../connections/queries.ts'
import type { CredentialType } from '../../credentials/credential-type.ts'
import type { CredentialDetail, CredentialQueries } from '../../credentials/queries.ts'
import { credentialType, credentialTypes } from '../../credentials/types/registry.ts'
import type { Vault } from '../../credentials/vault.ts'
import { paths } from '../../paths.ts'
import type { ProvenEdits } from '../../sign-ins/proven-edits.ts'
import type { SaveAndSignIn, SavingAccounts } from '../../sign-ins/save-and-sign-in.ts'
import { savedFlash, setFlash } from '../flash.ts'
import { type FormFields, readForm } from '../form.ts'
import { untilGone } from '../gone.ts'
import { isId } from '../id.ts'
import { type AppContext, Routes, withStoredCredentials } from '../routing.ts'
import { typedFields } from '../typed-fields.ts'
import { typesFor } from './add-data.ts'
import { listingOf } from './credential-listing.ts'

type Dependencies = {
  readonly vault: Vault
  readonly credentialQueries: CredentialQueries
  readonly connectionQueries: ConnectionQueries
  readonly saving: SavingAccounts
  readonly provenEdits: Pick<ProvenEdits, 'begin'>
}

/** The pages of Credentials management. */
export function credentialRoutes(deps: Dependencies): Routes {
  const { vault, credentialQueries: queries, saving, provenEdits } = deps
  const routes = new Routes()

  routes.get('/credentials', withStoredCredentials, async (c, actor) => {
    const listing = listingOf(c.req.query())
    return c.render(
      <CredentialsPage
        listing={listing}
        page={await queries.list(actor, listing)}
        types={credentialTypes}
        detail={null}
        selecting={isSelecting(c)}
      />,
    )
  })

  routes.get('/credentials/new', withStoredCredentials, async (c, actor) => {
    const connectionId = c.req.query('connection') || null
    const types = connectionId === null ? credentialTypes : await typesOf(deps, actor, connectionId)
    const [only] = types
    const type = credentialType(c.req.query('type') ?? '') ?? (types.length === 1 ? only : undefined)
    if (type === undefined) return c.render(<CredentialTypesPage types={types} connectionId={connectionId} />)
    return c.render(await newPage(deps, actor, { type, name: '', description: '', values: {}, connectionId }))
  })

  routes.post('/credentials/new', withStoredCredentials, async (c, actor) => {
    const fields = await readForm(c)
    const type = typeOf(fields)
    const connectionId = fields.id('connection')
    const account = {
      type,
      name: fields.text('name'),
      description: fields.text('description'),
      typed: typedFields(fields),
      connectionId,
      signIn: fields.text('intent') !== 'save',
    }
    const outcome = await saving.create(actor, account, untilGone(c))
    if (outcome.kind === 'saved') return saved(c, outcome)
    c.status(422)
    return c.render(await newPage(deps, actor, { ...typedForm(fields, type), connectionId, ...problems(outcome) }))
  })

  routes.get('/credentials/:id', withStoredCredentials, async (c, actor) => {
    return c.render(await selectedPage(c, actor, queries, await queries.show(actor, c.req.param('id') ?? '')))
  })

  routes.get('/credentials/:id/edit', withStoredCredentials, async (c, actor) => {
    const detail = await queries.show(actor, c.req.param('id') ?? '')
    const type = knownType(detail.type)
    const values = type.usernameField === null ? {} : { [type.usernameField]: detail.username ?? '' }
    const { id, name, description, revision, associations, openEdits } = detail
    return c.render(
      <EditCredentialPage
        id={id}
        savedName={name}
        type={type}
        associations={associations}
        openEdits={openEdits}
        form={{ name, description, revision, values }}
      />,
    )
  })

  routes.post('/credentials/:id/edit', withStoredCredentials, async (c, actor) => {
    const id = c.req.param('id') ?? ''
    const fields = await readForm(c)
    const revision = Number(fields.text('revision')) || 0
    const edit = {
      revision,
      name: fields.text('name'),
      description: fields.text('description'),
      typed: typedFields(fields),
      signIn: fields.text('intent') !== 'save',
    }
    const outcome = await saving.edit(actor, id, edit)
    if (outcome.kind === 'saved') return saved(c, outcome)
    if (outcome.kind === 'proving') {
      provenEdits.begin(actor, outcome.editId)
      return c.redirect(paths.provenEdit(id, outcome.editId), 303)
    }
    const detail = await queries.show(actor, id)
    const type = knownType(detail.type)
    // After a conflict the form carries the stored revision: saving again overwrites what the page now shows.
    const form: EditForm = {
      ...typedForm(fields, type),
      revision: outcome.kind === 'stale' ? outcome.current.revision : revision,
      ...problems(outcome),
      ...(outcome.kind === 'stale' ? { conflict: outcome.current } : {}),
    }
    c.status(outcome.kind === 'stale' ? 409 : 422)
    return c.render(<EditCredentialPage {...detail} savedName={detail.name} type={type} form={form} />)
  })

  routes.get('/credentials/:id/deletion', withStoredCredentials, async (c, actor) => {
    const id = c.req.param('id') ?? ''
    const [detail, dependants] = [await queries.show(actor, id), await queries.dependants(actor, id)]
    return c.render(<CredentialDeletionPage id={id} name={detail.name} dependants={dependants} />)
  })

  routes.post('/credentials/:id/deletion', withStoredCredentials, async (c, actor) => {
    await vault.delete(actor, c.req.param('id') ?? '')
    setFlash(c, 'credentials-deleted')
    return c.redirect(paths.credentials(), 303)
  })

  return routes
}

/** Returns Credentials management with one credential selected, on its overview or another of its tabs. */
export async function selectedPage(
  c: AppContext,
  actor: UserActor,
  queries: Pick<CredentialQueries, 'list'>,
  detail: CredentialDetail,
  part?: CredentialsPageProps['part'],
) {
  const listing = listingOf(c.req.query())
  const page = await queries.list(actor, listing)
  const selected = { listing, page, types: credentialTypes, detail, selecting: isSelecting(c) }
  return <CredentialsPage {...selected} {...(part === undefined ? {} : { part })} />
}

function isSelecting(c: AppContext): boolean {
  return c.req.query('select') === 'yes'
}

function saved(c: AppContext, outcome: Extract<SaveAndSignIn, { kind: 'saved' }>): Response {
  setFlash(c, savedFlash[outcome.proof])
  return c.redirect(paths.credential(outcome.id), 303)
}

async function newPage(deps: Dependencies, actor: UserActor, form: NewForm) {
  const { rows } = await deps.connectionQueries.list(actor, { credentialType: form.type.id })
  return <NewCredentialPage connections={rows} form={form} />
}

/** The types that a connection takes; all of them where there is no such connection. */
async function typesOf(deps: Dependencies, actor: UserActor, connectionId: string): Promise<readonly CredentialType[]> {
  if (!isId(connectionId)) return credentialTypes
  return typesFor((await deps.connectionQueries.show(actor, connectionId)).driver)
}

/** What was typed, secrets aside: they are never rendered. */
function typedForm(fields: FormFields, type: CredentialType) {
  const plain = type.fields.filter((field) => !field.secret)
  const values = Object.fromEntries(plain.map((field) => [field.id, fields.text(field.id)]))
  return { type, name: fields.text('name'), description: fields.text('description'), values }
}

function problems(outcome: SaveAndSignIn): Pick<NewForm, 'errors' | 'refusal'> {
  if (outcome.kind === 'invalid') return { errors: outcome.errors }
  return outcome.kind === 'refused' ? { refusal: outcome.diagnosis } : {}
}

function typeOf(fields: FormFields): CredentialType {
  return credentialType(fields.text('type')) ?? firstType()
}

function knownType(id: string): CredentialType {
  return credentialType(id) ?? firstType()
}

function firstType(): CredentialType {
  const [type] = credentialTypes
  if (type === undefined) throw new Error('The registry of credential types is empty.')
  return type
}

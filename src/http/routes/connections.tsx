import { AddCredentialsPage } from '../../../views/connections/add-credentials.tsx'
import { ConfigurationPage } from '../../../views/connections/configuration.tsx'
import { ConnectionCredentialsPage } from '../../../views/connections/credentials.tsx'
import { ConnectionDatasetsPage } from '../../../views/connections/datasets.tsx'
import { ConnectionDeletionPage } from '../../../views/connections/deletion.tsx'
import { type EditConnectionForm, EditConnectionPage } from '../../../views/connections/edit.tsx'
import { ConnectionsPage } from '../../../views/connections/list.tsx'
import { type NewConnectionForm, NewConnectionPage } from '../../../views/connections/new.tsx'
import { StoresPage } from '../../../views/connections/stores.tsx'
import type { UserActor } from '../../access/actor.ts'
import { FeatureOff, NotFound } from '../../access/refusals.ts'
import type { Connections } from '../../connections/connections.ts'
import { currentDestination } from '../../connections/destination.ts'
import type { ConnectionQueries } from '../../connections/queries.ts'
import { exampleAddress, parseStoreUrl } from '../../connections/store-url.ts'
import type { Driver } from '../../connector/driver.ts'
import { missingLibrary } from '../../connector/libraries.ts'
import { parseParameters } from '../../connector/parse-parameters.ts'
import { driver, drivers } from '../../connector/registry.ts'
import { parseGivenFields } from '../../credentials/credential-type.ts'
import type { CredentialQueries } from '../../credentials/queries.ts'
import type { SharedAccounts } from '../../credentials/shared-accounts.ts'
import { credentialType } from '../../credentials/types/registry.ts'
import type { Vault } from '../../credentials/vault.ts'
import type { HealthService } from '../../health/health.ts'
import { parseName } from '../../names.ts'
import { paths } from '../../paths.ts'
import { Secret } from '../../secrets/secret.ts'
import type { SignIns } from '../../sign-ins/sign-ins.ts'
import type { TypedAccounts } from '../../sign-ins/typed-accounts.ts'
import { associatedFlash, type FlashKey, setFlash } from '../flash.ts'
import { type FormFields, readForm } from '../form.ts'
import { type AppContext, Routes, signedIn } from '../routing.ts'

type Dependencies = {
  readonly connections: Connections
  readonly connectionQueries: ConnectionQueries
  readonly credentialQueries: CredentialQueries
  readonly vault: Vault
  readonly signIns: SignIns
  readonly shared: Pick<SharedAccounts, 'usableOn'>
  readonly health: Pick<HealthService, 'show'>
  readonly typedAccounts: TypedAccounts
}

/** The pages of data connections: list, add, edit, delete, and the tabs of one. */
export function connectionRoutes(deps: Dependencies): Routes {
  const { connections, connectionQueries: queries, credentialQueries, vault, signIns, health, typedAccounts } = deps
  const routes = new Routes()

  routes.get('/connections', signedIn, async (c, actor) => {
    const { q, after } = c.req.query()
    const search = { ...(q ? { q } : {}), ...(after ? { after } : {}) }
    const { rows, next } = await queries.list(actor, { ...(q ? { text: q } : {}), ...(after ? { after } : {}) })
    return c.render(<ConnectionsPage rows={rows} next={next} search={search} />)
  })

  routes.get('/connections/new', signedIn, (c) => {
    const chosen = driver(c.req.query('driver') ?? '')
    if (chosen !== undefined) return renderNew(c, chosen, { name: '', values: {} })
    const search = c.req.query('q') ?? ''
    return c.render(search.includes('://') ? stores('', searchedAddress) : stores(search))
  })

  routes.post('/connections/new', signedIn, async (c, actor) => {
    const chosen = driver(c.req.query('driver') ?? '')
    const fields = await readForm(c)
    const intent = fields.text('intent')
    if (chosen === undefined) {
      return intent === 'paste' ? paste(c, actor, undefined, fields) : c.redirect(paths.newConnection(), 303)
    }
    // Without the library there is no form; an old one, still open, gets the page that says so.
    if (missingLibrary(chosen) !== null) return renderNew(c, chosen, { name: '', values: {} })
    if (intent === 'paste') return paste(c, actor, chosen, fields)
    return intent === 'add-parameter' ? addParameter(c, actor, chosen, fields) : add(c, actor, chosen, fields)
  })

  routes.get('/connections/:id', signedIn, async (c, actor) => {
    const connection = await queries.show(actor, c.req.param('id') ?? '')
    const recent = await signIns.recent(actor, connection.id)
    const storedCredentials = c.get('storedCredentials')
    const its = driver(connection.driver)
    return c.render(
      <ConfigurationPage
        connection={connection}
        driver={its}
        missing={its === undefined ? null : missingLibrary(its)}
        recent={recent}
        health={storedCredentials ? await health.show(actor, connection.id) : null}
        storedCredentials={storedCredentials}
      />,
    )
  })

  routes.get('/connections/:id/edit', signedIn, async (c, actor) => {
    const {
      id,
      name,
      parameters,
      revision,
      driver: driverId,
    } = await queries.show(actor, c.req.param('id') ?? '', 'connection.edit')
    const form = { name, values: parameters, revision }
    return c.render(<EditConnectionPage id={id} savedName={name} driver={known(driverId)} form={form} />)
  })

  routes.post('/connections/:id/edit', signedIn, (c, actor) => edit(c, actor))

  routes.get('/connections/:id/deletion', signedIn, async (c, actor) => {
    const { id, name } = await queries.show(actor, c.req.param('id') ?? '', 'connection.delete')
    return c.render(<ConnectionDeletionPage id={id} name={name} dependants={await queries.dependants(actor, id)} />)
  })

  routes.post('/connections/:id/deletion', signedIn, async (c, actor) => {
    const datasets = (await readForm(c)).text('datasets') === 'delete' ? 'delete' : 'detach'
    await connections.delete(actor, c.req.param('id') ?? '', datasets)
    setFlash(c, 'connection-deleted')
    return c.redirect(paths.connections(), 303)
  })

  routes.get('/connections/:id/credentials', signedIn, async (c, actor) => {
    requireStored(c)
    const connection = await queries.show(actor, c.req.param('id') ?? '')
    const credentials = await queries.associatedCredentials(actor, connection.id)
    const { credentialsOfOthers: others } = await queries.dependants(actor, connection.id)
    const shared = await deps.shared.usableOn(actor, connection.id)
    return c.render(<ConnectionCredentialsPage {...{ connection, credentials, shared, others }} />)
  })

  routes.get('/connections/:id/credentials/new', signedIn, async (c, actor) => c.render(await addCredentials(c, actor)))

  routes.post('/connections/:id/credentials/new', signedIn, async (c, actor) => {
    const id = c.req.param('id') ?? ''
    const fields = await readForm(c)
    const credentialId = fields.id('credential')
    if (credentialId === null) {
      c.status(422)
      return c.render(await addCredentials(c, actor, 'Choose credentials.'))
    }
    const outcome = await vault.associate(actor, credentialId, id, fields.text('destination') || undefined)
    setFlash(c, associatedFlash(outcome))
    const moved = !outcome.ok && outcome.reason === 'destination changed'
    return c.redirect(moved ? paths.newConnectionCredential(id) : paths.connectionCredentials(id), 303)
  })

  routes.get('/connections/:id/datasets', signedIn, async (c, actor) => {
    const connection = await queries.show(actor, c.req.param('id') ?? '')
    const { datasets, datasetsOfOthers } = await queries.dependants(actor, connection.id)
    return c.render(
      <ConnectionDatasetsPage
        connection={connection}
        datasets={datasets}
        others={datasetsOfOthers}
        storedCredentials={c.get('storedCredentials')}
      />,
    )
  })

  async function addCredentials(c: AppContext, actor: UserActor, error?: string) {
    requireStored(c)
    const connection = await queries.show(actor, c.req.param('id') ?? '')
    const choices = await credentialQueries.notAssociated(actor, connection)
    return <AddCredentialsPage connection={connection} choices={choices} {...(error ? { error } : {})} />
  }

  /** Takes a pasted address apart. What could open the store is held in memory, never put into the page. */
  function paste(c: AppContext, actor: UserActor, chosen: Driver | undefined, fields: FormFields) {
    const parsed = parseStoreUrl(fields.text('address'), chosen?.id)
    if (!parsed.ok) {
      c.status(422)
      if (chosen === undefined) return c.render(stores('', parsed.error))
      return renderNew(c, chosen, { name: '', values: {}, pasteError: parsed.error })
    }
    const { parameters, username, password, ignored } = parsed
    const store = known(parsed.driver)
    // A mask or a password without a username is nothing that could be stored.
    const account = parseBasic(store, username, password)
    const dropped = parsed.dropped || (password !== null && !store.credentialTypes.includes('basic'))
    password?.wipe()
    const handle = account?.ok ? typedAccounts.hold(actor, { type: 'basic', fields: account.fields }) : null
    const name = suggestedName(parameters)
    const accountName = `${username ?? ''} on ${name}`.trim().slice(0, 100)
    const taken = { username, handle, ignored, accountName, save: true, dropped }
    return renderNew(c, store, { name, values: parameters, taken })
  }

  /** Shows the form as it was typed, with one more field. */
  function addParameter(c: AppContext, actor: UserActor, chosen: Driver, fields: FormFields) {
    const taken = takenFrom(fields, typedAccounts.get(actor, fields.text('taken')) !== undefined)
    return renderNew(c, chosen, { ...withParameter(chosen, fields), ...(taken ? { taken } : {}) })
  }

  async function add(c: AppContext, actor: UserActor, chosen: Driver, fields: FormFields) {
    const form = typedForm(chosen, fields)
    const held = typedAccounts.get(actor, fields.text('taken'))
    const save = held !== undefined && fields.checked('save') && c.get('storedCredentials')
    const taken = takenFrom(fields, held !== undefined)
    const refuse = (errors: Readonly<Record<string, string>>) => {
      c.status(422)
      return renderNew(c, chosen, { ...form, errors, ...(taken ? { taken } : {}) })
    }
    const parsed = parseConnection(chosen, form)
    if (!parsed.ok) return refuse(parsed.errors)
    const account = save ? await credentialQueries.checkName(actor, fields.text('account')) : undefined
    if (account !== undefined && !account.ok) return refuse({ account: account.error })
    const made = await connections.create(actor, { name: form.name, driver: chosen.id, parameters: parsed.values })
    if (!made.ok) return refuse({ name: made.error })
    let flash: FlashKey = 'connection-added'
    if (save && held && account) {
      const kept = { ...held, name: account.name, description: '', connectionIds: [made.id] }
      // The name was free a moment ago; who took it meanwhile is rare, and must not go unsaid.
      const { ok } = await vault.create(actor, kept)
      flash = ok ? 'connection-added-with-account' : 'connection-added-without-account'
    }
    for (const secret of Object.values(held?.fields ?? {})) secret.wipe()
    typedAccounts.forget(actor, fields.text('taken'))
    setFlash(c, flash)
    return c.redirect(paths.connection(made.id), 303)
  }

  async function edit(c: AppContext, actor: UserActor) {
    const id = c.req.param('id') ?? ''
    const stored = await queries.show(actor, id, 'connection.edit')
    const chosen = known(stored.driver)
    const fields = await readForm(c)
    const form = { ...typedForm(chosen, fields), revision: Number(fields.text('revision')) || 0 }
    const render = (status: 409 | 422, more: Partial<EditConnectionForm>) => {
      c.status(status)
      return c.render(
        <EditConnectionPage id={id} savedName={stored.name} driver={chosen} form={{ ...form, ...more }} />,
      )
    }
    if (fields.text('intent') === 'add-parameter') {
      const more = { ...form, ...withParameter(chosen, fields) }
      return c.render(<EditConnectionPage id={id} savedName={stored.name} driver={chosen} form={more} />)
    }
    const parsed = parseConnection(chosen, form)
    if (!parsed.ok) return render(422, { errors: parsed.errors })
    const input = { name: form.name, driver: chosen.id, parameters: parsed.values }
    const destinationConfirmed = fields.text('confirmed') === 'destination'
    const outcome = await connections.edit(actor, id, { revision: form.revision, input, destinationConfirmed })
    if (outcome.ok) {
      setFlash(c, outcome.stopped > 0 ? 'connection-destination-changed' : 'connection-saved')
      return c.redirect(paths.connection(id), 303)
    }
    if (outcome.reason === 'name') return render(422, { errors: { name: outcome.error } })
    // After a conflict the form carries the stored revision: saving again overwrites what the page now shows.
    if (outcome.reason === 'stale') {
      return render(409, { revision: outcome.current.revision, conflict: outcome.current })
    }
    const own = await queries.associatedCredentials(actor, id)
    const next = currentDestination(input)
    const names = own.filter(({ agreedDestination }) => agreedDestination !== next).map(({ name }) => name)
    return render(422, { stops: { names, others: Math.max(0, outcome.associations - names.length) } })
  }

  return routes
}

const searchedAddress =
  'Paste an address into the field below. What is searched for stays in the history of the browser: remove it there if it held a password.'

/** The page with the data stores whose name or summary has every word of a search. */
function stores(search: string, problem?: string) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const found = drivers.filter(({ id, label, summary }) => {
    const text = `${id} ${label} ${summary}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
  const shown = found.map((one) => ({ driver: one, missing: missingLibrary(one) }))
  return <StoresPage stores={shown} search={search} example={exampleAddress('')} problem={problem} />
}

function renderNew(c: AppContext, chosen: Driver, form: NewConnectionForm) {
  return c.render(
    <NewConnectionPage
      driver={chosen}
      missing={missingLibrary(chosen)}
      example={exampleAddress(chosen.id)}
      form={form}
      storedCredentials={c.get('storedCredentials')}
    />,
  )
}

function requireStored(c: AppContext): void {
  if (!c.get('storedCredentials')) throw new FeatureOff()
}

/** A parameter that is only offered is part of the form once it was sent, blank or not. */
function typedForm(chosen: Driver, fields: FormFields) {
  const sent = chosen.parameters.filter((spec) => !spec.offered || fields.has(spec.id))
  const values: Record<string, string> = Object.fromEntries(sent.map((spec) => [spec.id, fields.text(spec.id)]))
  return { name: fields.text('name'), values }
}

/** The form as it was typed, with the parameter that was chosen. One that is not offered adds nothing. */
function withParameter(chosen: Driver, fields: FormFields) {
  const form = typedForm(chosen, fields)
  const added = chosen.parameters.find((spec) => spec.offered && spec.id === fields.text('parameter'))
  if (added === undefined) return form
  return { ...form, values: { [added.id]: '', ...form.values }, added: added.id }
}

/** What is still held of a pasted address, as its part of the form says it. */
function takenFrom(fields: FormFields, isHeld: boolean) {
  if (!isHeld) return undefined
  const [handle, accountName] = [fields.text('taken'), fields.text('account')]
  return { username: null, handle, ignored: [], accountName, save: fields.checked('save') }
}

/** Undefined where the store is not signed in to with a username and a password. */
function parseBasic(store: Driver, username: string | null, password: Secret | null) {
  const type = store.credentialTypes.includes('basic') ? credentialType('basic') : undefined
  return type && parseGivenFields(type, { username: new Secret(username ?? ''), ...(password && { password }) })
}

/** Finds every problem at once, the name's too. */
function parseConnection(chosen: Driver, form: { name: string; values: Readonly<Record<string, string>> }) {
  const parsed = parseParameters(chosen.parameters, form.values)
  const name = parseName(form.name, 'Connection name')
  if (name.ok) return parsed
  return { ok: false, errors: { name: name.error, ...(parsed.ok ? {} : parsed.errors) } } as const
}

function suggestedName(parameters: Readonly<Record<string, string>>): string {
  return [parameters.database, parameters.host].filter(Boolean).join(' on ').slice(0, 100)
}

function known(driverId: string): Driver {
  const found = driver(driverId)
  if (found === undefined) throw new NotFound()
  return found
}

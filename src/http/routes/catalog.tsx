import { AccountStepPage, blankAccountForm, type TypedAccountForm } from '../../../views/catalog/account.tsx'
import { AddPage, type AddPageProps, type AddState, CarriedState } from '../../../views/catalog/add.tsx'
import { addTrail, ChooseConnectionPage } from '../../../views/catalog/connections.tsx'
import { type CatalogListing, CatalogPage } from '../../../views/catalog/list.tsx'
import { Breadcrumbs } from '../../../views/ui/breadcrumbs.tsx'
import type { UserActor } from '../../access/actor.ts'
import { NotFound } from '../../access/refusals.ts'
import { wipeAccount } from '../../catalog/account-copies.ts'
import type { Additions } from '../../catalog/additions.ts'
import { parseBasket, parseQuery } from '../../catalog/basket.ts'
import { createBrowsing, type Looking } from '../../catalog/browse.ts'
import type { Datasets } from '../../catalog/datasets.ts'
import { type DatasetListing, type DatasetSearch, shownDatasets } from '../../catalog/listing.ts'
import type { ConnectionDetail, ConnectionQueries } from '../../connections/queries.ts'
import type { Outcome } from '../../connector/driver.ts'
import { usernameOf } from '../../credentials/credential-type.ts'
import { nameKey } from '../../names.ts'
import { paths } from '../../paths.ts'
import type { SavingAccounts } from '../../sign-ins/save-and-sign-in.ts'
import type { TypedAccounts } from '../../sign-ins/typed-accounts.ts'
import type { Account, ConnectionUse } from '../../sign-ins/use-connection.ts'
import { setFlash } from '../flash.ts'
import { type FormFields, readForm } from '../form.ts'
import { untilGone } from '../gone.ts'
import { isId } from '../id.ts'
import { type AppContext, Routes, signedIn } from '../routing.ts'
import { formToShow, isAccountForm, onlyAccount, readAccount } from './account-step.ts'
import { asTab, readState, typedForm, typeFor, typeLinks } from './add-data.ts'

type Dependencies = {
  readonly datasets: Pick<Datasets, 'create'>
  readonly additions: Pick<Additions, 'begin'>
  readonly datasetListing: DatasetListing
  readonly connectionQueries: ConnectionQueries
  readonly use: ConnectionUse
  readonly saving: SavingAccounts
  readonly typedAccounts: TypedAccounts
}

/** An account that was chosen, with what it is called and where the form keeps it. */
type Chosen = { readonly account: Account; readonly name: string; readonly state: AddState }
type Shown = Partial<Pick<AddPageProps, 'schemas' | 'tables' | 'isPartial' | 'preview' | 'refusal' | 'said' | 'errors'>>

/** The catalog's list, and **Add from data connection**. */
export function catalogRoutes(deps: Dependencies): Routes {
  const { datasets, additions, datasetListing, connectionQueries, use, saving, typedAccounts } = deps
  const browsing = createBrowsing({ use })
  const routes = new Routes()

  routes.get('/catalog', signedIn, async (c, actor) => {
    const listing = listingOf(c)
    const { rows, next } = await datasetListing.list(actor, searchOf(listing))
    return c.render(<CatalogPage rows={rows} next={next} listing={listing} tags={await datasetListing.tags(actor)} />)
  })

  routes.get('/catalog/add', signedIn, async (c, actor) => {
    const id = c.req.query('connection')
    if (id === undefined || id === '') return chooseConnection(c, actor)
    const connection = await findConnection(actor, id)
    const accounts = await use.accounts(actor, connection.id)
    const state: AddState = { ...emptyState, tab: asTab(c.req.query('as') ?? '') }
    const only = c.req.query('account') === undefined ? onlyAccount(accounts) : undefined
    if (only === undefined) return askForAccount(c, actor, connection, state, null)
    const account = { kind: 'stored', credentialId: only.credentialId } as const
    return renderAdd(c, connection, {
      account,
      name: only.name,
      state: { ...state, account: only.credentialId },
    })
  })

  routes.post('/catalog/add', signedIn, async (c, actor) => {
    const fields = await readForm(c)
    const connection = await findConnection(actor, c.req.query('connection') ?? fields.text('connection'))
    const state = readState(fields)
    if (isAccountForm(fields)) return signIn(c, actor, connection, fields, state)
    const chosen = await chosenAccount(actor, connection, state)
    if (chosen !== undefined) {
      try {
        return await act(c, actor, connection, fields, chosen)
      } finally {
        wipeAccount(chosen.account)
      }
    }
    const form = state.held === '' ? null : { ...blankAccountForm, gone: true }
    return askForAccount(c, actor, connection, state, form)
  })

  async function chooseConnection(c: AppContext, actor: UserActor) {
    const text = c.req.query('q') ?? ''
    const { rows, next } = await connectionQueries.list(actor, text === '' ? {} : { text })
    return c.render(<ChooseConnectionPage rows={rows} more={next !== null} text={text} />)
  }

  function findConnection(actor: UserActor, id: string): Promise<ConnectionDetail> {
    if (!isId(id)) throw new NotFound()
    return connectionQueries.show(actor, id)
  }

  async function askForAccount(
    c: AppContext,
    actor: UserActor,
    connection: ConnectionDetail,
    state: AddState,
    form: TypedAccountForm | null,
  ) {
    const accounts = await use.accounts(actor, connection.id)
    const { id } = connection
    const type = typeFor(connection.driver, form?.typeId ?? c.req.query('type'))
    if (form !== null) c.status(422)
    return c.render(
      <AccountStepPage
        title="Add from data connection"
        subtitle={`${connection.name} · ${connection.address.address}`}
        breadcrumbs={<Breadcrumbs trail={addTrail} current="Add from data connection" />}
        action={paths.addData({ connection: id })}
        differentHref={paths.addData({ connection: id, account: 'different' })}
        cancelHref={accounts.length > 0 ? paths.addData({ connection: id, account: 'choose' }) : paths.addData()}
        accounts={accounts}
        destination={connection.destination}
        type={type}
        types={typeLinks(connection.driver, type, (one) =>
          paths.addData({ connection: id, account: 'different', type: one }),
        )}
        form={form ?? formToShow(accounts, c.req.query('account') === 'different')}
        storedCredentials={c.get('storedCredentials')}
        use="Sign in"
        carried={<CarriedState state={state} />}
      />,
    )
  }

  async function signIn(
    c: AppContext,
    actor: UserActor,
    connection: ConnectionDetail,
    fields: FormFields,
    state: AddState,
  ) {
    const read = await readAccount(saving, actor, connection, fields, untilGone(c))
    if (read.kind === 'again') return askForAccount(c, actor, connection, state, read.form)
    const where =
      read.kind === 'saved'
        ? { account: read.credentialId, held: '' }
        : { account: '', held: typedAccounts.hold(actor, read.account) }
    const chosen = await chosenAccount(actor, connection, { ...state, ...where })
    if (chosen === undefined) return askForAccount(c, actor, connection, state, null)
    try {
      const schemas = await browsing.schemas(lookingOf(c, actor, connection, chosen))
      if (schemas.ok || read.kind === 'saved') return showSchemas(c, connection, chosen, schemas)
      typedAccounts.forget(actor, where.held)
      const form = { ...typedForm(fields, typeFor(connection.driver, fields.text('type'))), refusal: schemas.diagnosis }
      return askForAccount(c, actor, connection, state, form)
    } finally {
      wipeAccount(chosen.account)
    }
  }

  /** Resolves with undefined where an account is still to be chosen, or typed again. */
  async function chosenAccount(
    actor: UserActor,
    connection: ConnectionDetail,
    state: AddState,
  ): Promise<Chosen | undefined> {
    if (state.held !== '') {
      const held = typedAccounts.get(actor, state.held)
      if (held === undefined) return undefined
      const name = usernameOf(typeFor(connection.driver, held.type), held.fields) ?? 'typed credentials'
      return { account: { kind: 'typed', ...held }, name, state }
    }
    const accounts = await use.accounts(actor, connection.id)
    const stored =
      state.account === '' ? onlyAccount(accounts) : accounts.find((one) => one.credentialId === state.account)
    if (stored === undefined) {
      if (state.account === '') return undefined
      // Trying to use it is what puts the refusal into the ledger; it stays closed.
      const account = { kind: 'stored', credentialId: state.account } as const
      await browsing.schemas({ actor, connectionId: connection.id, account })
      throw new NotFound()
    }
    const { credentialId, name } = stored
    return { account: { kind: 'stored', credentialId }, name, state: { ...state, account: credentialId } }
  }

  /** Does what the button that was pressed says. */
  function act(c: AppContext, actor: UserActor, connection: ConnectionDetail, fields: FormFields, chosen: Chosen) {
    const looking = lookingOf(c, actor, connection, chosen)
    const intent = fields.text('open') === '' ? fields.text('intent') : 'tables'
    if (intent === 'create' || intent === 'create-dynamic') {
      return create(c, actor, connection, chosen, intent === 'create-dynamic')
    }
    if (intent === 'preview') return preview(c, connection, chosen, looking)
    if (intent === 'query') return renderAdd(c, connection, withTab(chosen, 'query'))
    if (intent === 'tables') return showTables(c, connection, chosen, looking, fields.text('open'))
    return browsing.schemas(looking).then((outcome) => showSchemas(c, connection, chosen, outcome))
  }

  function showSchemas(
    c: AppContext,
    connection: ConnectionDetail,
    chosen: Chosen,
    outcome: Outcome<Pick<Shown, 'schemas' | 'isPartial'>>,
  ) {
    const shown = outcome.ok ? outcome.value : { refusal: outcome.diagnosis }
    return renderAdd(c, connection, withTab(chosen, 'schemas'), shown)
  }

  /** Without a schema it takes the one that people mean: `public`, or the first. */
  async function showTables(
    c: AppContext,
    connection: ConnectionDetail,
    chosen: Chosen,
    looking: Looking,
    opened: string,
  ) {
    let schema = opened.replaceAll('\0', '') || chosen.state.schema
    if (schema === '') {
      const outcome = await browsing.schemas(looking)
      const [first] = outcome.ok ? outcome.value.schemas : []
      if (!outcome.ok || first === undefined) return showSchemas(c, connection, chosen, outcome)
      schema = outcome.value.schemas.includes('public') ? 'public' : first
    }
    const outcome = await browsing.tables(looking, schema)
    const shown = outcome.ok ? outcome.value : { refusal: outcome.diagnosis }
    return renderAdd(c, connection, withTab({ ...chosen, state: { ...chosen.state, schema } }, 'tables'), shown)
  }

  async function preview(c: AppContext, connection: ConnectionDetail, chosen: Chosen, looking: Looking) {
    const query = parseQuery(chosen.state.query)
    const at = withTab(chosen, 'query')
    if (!query.ok) return renderAdd(c, connection, at, { errors: { query: query.error } })
    const outcome = await browsing.preview(looking, query.query)
    if (outcome.ok) return renderAdd(c, connection, at, { preview: outcome.value })
    const failed = outcome.diagnosis.find((rung) => rung.state === 'failed')
    if (failed?.name !== 'read') return renderAdd(c, connection, at, { refusal: outcome.diagnosis })
    // Signing in worked, so it is about the query: the sentence belongs to the field, with the words of the server.
    const sentence = [failed.sentence, failed.nextStep].filter(Boolean).join(' ')
    return renderAdd(c, connection, at, { errors: { query: sentence }, said: failed.detail })
  }

  async function create(
    c: AppContext,
    actor: UserActor,
    connection: ConnectionDetail,
    chosen: Chosen,
    isDynamic: boolean,
  ) {
    const { state, account } = chosen
    const parsed = parseBasket(state, `Query on ${connection.name}`)
    if (!parsed.ok) {
      const { name, ...errors } = parsed.errors
      const shown = { errors: { ...errors, ...(name === undefined ? {} : { dataset: name }) } }
      // The tables are listed again, so that there is something to choose from.
      const outcome = state.tab === 'tables' ? await tablesAgain(c, actor, connection, chosen) : {}
      return renderAdd(c, connection, chosen, { ...outcome, ...shown })
    }
    const { items, rowLimit } = parsed
    const additionId = additions.begin()
    const its = { connectionId: connection.id, account, items, rowLimit, isDynamic, additionId }
    const [only, ...others] = await datasets.create(actor, its)
    typedAccounts.forget(actor, state.held)
    const isOne = others.length === 0 && only !== undefined
    setFlash(c, isDynamic ? 'dataset-dynamic' : isOne ? 'dataset-started' : 'datasets-started')
    return c.redirect(isOne ? paths.dataset(only) : paths.addition(additionId), 303)
  }

  async function tablesAgain(
    c: AppContext,
    actor: UserActor,
    connection: ConnectionDetail,
    chosen: Chosen,
  ): Promise<Shown> {
    const outcome = await browsing.tables(lookingOf(c, actor, connection, chosen), chosen.state.schema)
    return outcome.ok ? outcome.value : { refusal: outcome.diagnosis }
  }

  function renderAdd(c: AppContext, connection: ConnectionDetail, chosen: Chosen, shown: Shown = {}) {
    const {
      schemas = null,
      tables = null,
      isPartial = false,
      preview = null,
      refusal = null,
      said = null,
      errors = {},
    } = shown
    if (refusal !== null || Object.keys(errors).length > 0) c.status(422)
    return c.render(
      <AddPage
        connection={connection}
        accountName={chosen.name}
        state={chosen.state}
        schemas={schemas}
        tables={tables}
        isPartial={isPartial}
        preview={preview}
        refusal={refusal}
        said={said}
        errors={errors}
      />,
    )
  }

  return routes
}

/** What was looked for; what is not one of ours is taken as absent. */
function listingOf(c: AppContext): CatalogListing {
  const asked = (name: string) => (c.req.query(name) ?? '').replaceAll('\0', '').slice(0, 200)
  const show = shownDatasets.find((one) => one === asked('show')) ?? ''
  const sort = asked('sort') === 'name' ? 'name' : ''
  return { q: asked('q'), tag: nameKey(asked('tag')), show, sort, after: asked('after') }
}

function searchOf({ q, tag, show, sort, after }: CatalogListing): DatasetSearch {
  const which = shownDatasets.find((one) => one === show)
  const order = sort === 'name' ? ('name' as const) : ('newest' as const)
  return { text: q, tag, order, ...(which && { show: which }), ...(after !== '' && { after }) }
}

const emptyState: AddState = {
  tab: 'schemas',
  as: 'tables',
  schema: '',
  account: '',
  held: '',
  tables: [],
  query: '',
  name: '',
  rowLimit: '',
  sample: '',
}

function lookingOf(c: AppContext, actor: UserActor, connection: ConnectionDetail, chosen: Chosen): Looking {
  return { actor, connectionId: connection.id, account: chosen.account, ...untilGone(c) }
}

function withTab(chosen: Chosen, tab: AddState['tab']): Chosen {
  return { ...chosen, state: { ...chosen.state, tab, as: tab === 'query' ? 'query' : 'tables' } }
}

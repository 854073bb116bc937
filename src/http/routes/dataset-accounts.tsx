import { AccountStepPage, type TypedAccountForm } from '../../../views/catalog/account.tsx'
import { DatasetPage } from '../../../views/catalog/dataset.tsx'
import { DatasetBreadcrumbs } from '../../../views/catalog/dataset-breadcrumbs.tsx'
import type { UserActor } from '../../access/actor.ts'
import { NotFound } from '../../access/refusals.ts'
import type { Computing } from '../../catalog/computing.ts'
import type { Datasets } from '../../catalog/datasets.ts'
import type { DatasetLooks } from '../../catalog/looks.ts'
import type { DatasetDetail, DatasetQueries } from '../../catalog/queries.ts'
import { snapshotName } from '../../catalog/snapshot-name.ts'
import type { ConnectionQueries } from '../../connections/queries.ts'
import { paths } from '../../paths.ts'
import type { ScheduleQueries } from '../../schedules/queries.ts'
import type { SavingAccounts } from '../../sign-ins/save-and-sign-in.ts'
import type { Account, ConnectionUse, StoredAccount } from '../../sign-ins/use-connection.ts'
import { setFlash } from '../flash.ts'
import { type FormFields, readForm } from '../form.ts'
import { untilGone } from '../gone.ts'
import { isId } from '../id.ts'
import { type AppContext, Routes, signedIn } from '../routing.ts'
import { formToShow, isAccountForm, onlyAccount, readAccount } from './account-step.ts'
import { typeFor, typeLinks } from './add-data.ts'

type Dependencies = {
  readonly datasets: Datasets
  readonly datasetQueries: DatasetQueries
  readonly datasetLooks: DatasetLooks
  readonly computing: Pick<Computing, 'lineage'>
  readonly scheduleQueries: Pick<ScheduleQueries, 'summary'>
  readonly connectionQueries: ConnectionQueries
  readonly use: ConnectionUse
  readonly saving: SavingAccounts
}

/** Something that is done with a dataset and an account, behind one address of its own. */
type Purpose = {
  readonly path: string
  readonly action: 'dataset.refresh' | 'dataset.look'
  readonly dynamic: boolean
  readonly label: string
  readonly href: (id: string, search?: { account?: 'different'; type?: string }) => string
  readonly go: (c: AppContext, actor: UserActor, dataset: DatasetDetail, account: Account) => Promise<Response>
}

/** What takes an account on the pages of a dataset: a new version, a look at a dynamic one, a snapshot of that. */
export function datasetAccountRoutes(deps: Dependencies): Routes {
  const { datasets, datasetQueries: queries, datasetLooks, computing, connectionQueries, use, saving } = deps
  const routes = new Routes()

  const purposes: readonly Purpose[] = [
    {
      ...{ path: '/catalog/:id/versions/new', href: paths.newDatasetVersion, label: 'Create snapshot' },
      ...{ action: 'dataset.refresh', dynamic: false, go: refresh },
    },
    {
      ...{ path: '/catalog/:id/look', href: paths.datasetLook, label: 'Show rows' },
      ...{ action: 'dataset.look', dynamic: true, go: look },
    },
    {
      ...{ path: '/catalog/:id/snapshot', href: paths.datasetSnapshot, label: 'Create snapshot' },
      ...{ action: 'dataset.look', dynamic: true, go: snapshot },
    },
  ]
  for (const purpose of purposes) {
    routes.get(purpose.path, signedIn, async (c, actor) =>
      c.render(await chooseAccount(c, actor, purpose, await find(c, actor, purpose), null)),
    )
    routes.post(purpose.path, signedIn, (c, actor) => act(c, actor, purpose))
  }

  async function find(c: AppContext, actor: UserActor, purpose: Purpose): Promise<DatasetDetail> {
    const dataset = await queries.show(actor, c.req.param('id') ?? '', purpose.action)
    if (dataset.isDynamic !== purpose.dynamic) throw new NotFound()
    return dataset
  }

  async function act(c: AppContext, actor: UserActor, purpose: Purpose) {
    const dataset = await find(c, actor, purpose)
    const fields = await readForm(c)
    const { connection } = dataset
    // Without a connection the dataset's page says so.
    if (connection === null) return c.redirect(paths.dataset(dataset.id), 303)
    const account = await accountFrom(c, actor, connection.id, fields)
    if (account === undefined) return c.redirect(purpose.href(dataset.id), 303)
    if (!('form' in account)) return purpose.go(c, actor, dataset, account)
    c.status(422)
    return c.render(await chooseAccount(c, actor, purpose, dataset, account.form))
  }

  async function refresh(c: AppContext, actor: UserActor, dataset: DatasetDetail, account: Account) {
    const outcome = await datasets.refresh(actor, dataset.id, account)
    if (outcome.ok) setFlash(c, 'dataset-started')
    return c.redirect(paths.dataset(dataset.id), 303)
  }

  async function look(c: AppContext, actor: UserActor, dataset: DatasetDetail, account: Account) {
    const outcome = await datasetLooks.look(actor, dataset.id, account, untilGone(c).signal)
    const only = accountOf(dataset, await use.accounts(actor, dataset.connection?.id ?? ''))
    if (!outcome.ok) c.status(422)
    const looked = outcome.ok ? { rows: outcome.value } : { refusal: outcome.diagnosis }
    const lineage = await computing.lineage.of(actor, dataset.id)
    return c.render(
      <DatasetPage
        dataset={dataset}
        schedulable={c.get('storedCredentials')}
        schedule={dataset.role === 'owner' ? await deps.scheduleQueries.summary(dataset.id) : null}
        only={only}
        lineage={lineage}
        preview={null}
        looked={looked}
      />,
    )
  }

  /** The snapshot is a dataset beside it, of whoever asked: what is dynamic stays so (docs/decisions/097). */
  async function snapshot(c: AppContext, actor: UserActor, dataset: DatasetDetail, account: Account) {
    const { source, rowLimit, connection } = dataset
    const items = [{ name: snapshotName(dataset.name), source }]
    const [id] = await datasets.create(actor, { connectionId: connection?.id ?? '', account, items, rowLimit })
    setFlash(c, 'dataset-started')
    return c.redirect(paths.dataset(id ?? ''), 303)
  }

  /** Returns the account that was picked or typed, the form to show again, or undefined for neither. */
  async function accountFrom(c: AppContext, actor: UserActor, connectionId: string, fields: FormFields) {
    if (!isAccountForm(fields)) return storedAccount(fields.text('account'))
    const connection = await connectionQueries.show(actor, connectionId)
    const read = await readAccount(saving, actor, connection, fields, untilGone(c))
    if (read.kind === 'again') return { form: read.form }
    return read.kind === 'saved' ? storedAccount(read.credentialId) : ({ kind: 'typed', ...read.account } as const)
  }

  async function chooseAccount(
    c: AppContext,
    actor: UserActor,
    purpose: Purpose,
    dataset: DatasetDetail,
    form: TypedAccountForm | null,
  ) {
    if (dataset.connection === null) throw new NotFound()
    const connection = await connectionQueries.show(actor, dataset.connection.id)
    const accounts = await use.accounts(actor, connection.id)
    const type = typeFor(connection.driver, form?.typeId ?? c.req.query('type'))
    return (
      <AccountStepPage
        title={`${purpose.label} of ${dataset.name}`}
        subtitle={`${connection.name} · ${connection.address.address}`}
        breadcrumbs={<DatasetBreadcrumbs dataset={dataset} current={purpose.label} />}
        action={purpose.href(dataset.id)}
        differentHref={purpose.href(dataset.id, { account: 'different' })}
        cancelHref={paths.dataset(dataset.id)}
        accounts={accounts}
        destination={connection.destination}
        type={type}
        types={typeLinks(connection.driver, type, (one) =>
          purpose.href(dataset.id, { account: 'different', type: one }),
        )}
        form={form ?? formToShow(accounts, c.req.query('account') === 'different')}
        storedCredentials={c.get('storedCredentials')}
        use={purpose.label}
      />
    )
  }

  return routes
}

/**
 * Returns the account that a button of a dataset's page uses without asking: of a dynamic one that which was chosen for
 * it, where the actor may use it; otherwise the only one there is.
 */
export function accountOf(
  dataset: DatasetDetail,
  accounts: readonly StoredAccount[],
): { readonly id: string; readonly name: string } | null {
  const chosen = accounts.find((one) => one.credentialId === dataset.account?.id && !one.destinationChanged)
  const account = (dataset.isDynamic ? chosen : undefined) ?? onlyAccount(accounts)
  return account === undefined ? null : { id: account.credentialId, name: account.name }
}

function storedAccount(credentialId: string): Account | undefined {
  return isId(credentialId) ? { kind: 'stored', credentialId } : undefined
}

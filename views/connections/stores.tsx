import type { Driver } from '../../src/connector/driver.ts'
import type { MissingLibrary } from '../../src/connector/libraries.ts'
import { paths } from '../../src/paths.ts'
import { Badge } from '../ui/badge.tsx'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { PanelSearch } from '../ui/panel-search.tsx'
import { Title } from '../ui/title.tsx'
import { PasteAddress } from './paste-address.tsx'

/** A kind of data store, and what it lacks here. */
export type Store = {
  readonly driver: Pick<Driver, 'id' | 'label' | 'summary' | 'isVerified'>
  readonly missing: MissingLibrary | null
}

/**
 * The page on which a data store is picked for a new connection: those that were searched for, or the one of an address
 * that is pasted. `problem` is why that could not be done.
 */
export function StoresPage(props: {
  stores: readonly Store[]
  search: string
  example: string
  problem?: string | undefined
}) {
  const { problem = null } = props
  return (
    <>
      <Title error={problem !== null}>Add connection</Title>
      <Breadcrumbs trail={[{ label: 'Data connections', href: paths.connections() }]} current="Add connection" />
      <ErrorSummary errors={problem === null ? [] : [{ field: 'address', message: problem }]} />
      <PageHeader title="Add connection" subtitle="Which data store is it?" />
      <div class="store-search">
        <PanelSearch action={paths.newConnection()} label="Search data stores" value={props.search} />
      </div>
      <PasteAddress action={paths.newConnection()} example={props.example} problem={problem} />
      {props.stores.length === 0 ? (
        <EmptyState
          title="No data store found"
          action={<LinkButton href={paths.newConnection()}>Show all data stores</LinkButton>}
        >
          Search for its name, or for the protocol it speaks: PostgreSQL, for example, is what Redshift understands.
        </EmptyState>
      ) : (
        <ul class="store-grid" aria-label="Data stores">
          {props.stores.map((store) => (
            <li>{store.missing === null ? <StoreLink {...store} /> : <StoreWithoutLibrary {...store} />}</li>
          ))}
        </ul>
      )}
    </>
  )
}

function StoreLink({ driver }: Store) {
  return (
    <a class="store" href={paths.newConnection({ driver: driver.id })}>
      <StoreWords driver={driver} />
    </a>
  )
}

function StoreWithoutLibrary({ driver, missing }: Store) {
  return (
    <div class="store store-missing">
      <StoreWords driver={driver} />
      <span class="store-summary">Not installed. An administrator adds it with</span>
      <code>{missing?.command}</code>
    </div>
  )
}

function StoreWords({ driver }: Pick<Store, 'driver'>) {
  return (
    <>
      <span class="store-name">
        {driver.label} {driver.isVerified ? null : <Badge tone="warning">preview</Badge>}
      </span>
      <span class="store-summary">{driver.summary}</span>
    </>
  )
}

import type { ConnectionDependants, ConnectionDetail } from '../../src/connections/queries.ts'
import { paths } from '../../src/paths.ts'
import { LinkButton } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { Section } from '../ui/page-header.tsx'
import { Relation, RelationList } from '../ui/relation.tsx'
import { ConnectionFrame } from './frame.tsx'

/** The **Datasets** tab: what the catalog has from this connection. */
export function ConnectionDatasetsPage(props: {
  connection: ConnectionDetail
  datasets: ConnectionDependants['datasets']
  storedCredentials: boolean
}) {
  const { connection, datasets } = props
  return (
    <ConnectionFrame connection={connection} current="Datasets" storedCredentials={props.storedCredentials}>
      <Section title="Datasets">
        {datasets.length === 0 ? (
          <EmptyState
            level={3}
            title="No datasets"
            action={
              <LinkButton href={paths.addData({ connection: connection.id })}>Add from data connection</LinkButton>
            }
          >
            Nothing in the catalog comes from this connection.
          </EmptyState>
        ) : (
          <RelationList label="Datasets">
            {datasets.map((dataset) => (
              <Relation name={dataset.name} href={paths.dataset(dataset.id)} />
            ))}
          </RelationList>
        )}
      </Section>
    </ConnectionFrame>
  )
}

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
  /** How many of other people came from it. */
  others: number
  storedCredentials: boolean
}) {
  const { connection, datasets, others } = props
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
            Nothing of yours in the catalog comes from this connection.
          </EmptyState>
        ) : (
          <RelationList label="Datasets">
            {datasets.map((dataset) => (
              <Relation name={dataset.name} href={paths.dataset(dataset.id)} />
            ))}
          </RelationList>
        )}
        {others === 0 ? null : (
          <p class="hint">
            {others === 1 ? '1 dataset of somebody else comes' : `${others} datasets of other people come`} from it too.
          </p>
        )}
      </Section>
    </ConnectionFrame>
  )
}

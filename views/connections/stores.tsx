import type { Driver } from '../../src/connector/driver.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { ChoiceList } from '../ui/choice-list.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Title } from '../ui/title.tsx'

/** The page on which a data store is picked for a new connection. */
export function StoresPage(props: { drivers: readonly Driver[] }) {
  return (
    <div class="narrow">
      <Title>Add connection</Title>
      <Breadcrumbs trail={[{ label: 'Data connections', href: paths.connections() }]} current="Add connection" />
      <PageHeader title="Add connection" subtitle="Which data store is it?" />
      <ChoiceList
        label="Data stores"
        choices={props.drivers.map((driver) => ({
          href: paths.newConnection({ driver: driver.id }),
          name: driver.label,
          summary: driver.summary,
        }))}
      />
    </div>
  )
}

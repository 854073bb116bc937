import type { Child } from 'hono/jsx'
import type { ConnectionDetail } from '../../src/connections/queries.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { LinkButton } from '../ui/button.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Tabs } from '../ui/tabs.tsx'
import { Title } from '../ui/title.tsx'
import { AddressLine } from './address.tsx'

export type ConnectionTab = 'Configuration' | 'Credentials' | 'Datasets' | 'Sharing' | 'Activity'

/** What the tabs of one connection have in common: its name, its address, **Test connection**, and the tabs. */
export function ConnectionFrame(props: {
  connection: ConnectionDetail
  current: ConnectionTab
  storedCredentials: boolean
  /** True where a form on it was refused. */
  invalid?: boolean
  children: Child
}) {
  const { connection, current } = props
  const { id, name, address } = connection
  const tabs: readonly { label: ConnectionTab; href: string }[] = [
    { label: 'Configuration', href: paths.connection(id) },
    ...(props.storedCredentials ? [{ label: 'Credentials', href: paths.connectionCredentials(id) } as const] : []),
    { label: 'Datasets', href: paths.connectionDatasets(id) },
    { label: 'Sharing', href: paths.connectionSharing(id) },
    { label: 'Activity', href: paths.connectionActivity(id) },
  ]
  return (
    <>
      <Title error={props.invalid === true}>{current === 'Configuration' ? name : `${current} of ${name}`}</Title>
      <Breadcrumbs trail={[{ label: 'Data connections', href: paths.connections() }]} current={name} />
      <PageHeader
        title={name}
        subtitle={<AddressLine address={address} />}
        actions={
          <>
            <LinkButton href={paths.addData({ connection: id })}>Add to catalog</LinkButton>
            <LinkButton href={paths.signIns(id)} variant="primary" shortcut="t">
              Test connection
            </LinkButton>
          </>
        }
      />
      <Tabs label={`Parts of ${name}`} tabs={tabs.map((tab) => ({ ...tab, current: tab.label === current }))} />
      {props.children}
    </>
  )
}

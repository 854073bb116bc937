import type { Child } from 'hono/jsx'
import type { CredentialDetail } from '../../src/credentials/queries.ts'
import { paths } from '../../src/paths.ts'
import { LinkButton } from '../ui/button.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Tabs } from '../ui/tabs.tsx'
import { Title } from '../ui/title.tsx'

/** A part of one credential's page. */
export type CredentialTab = 'Overview' | 'History' | 'Sharing'

/** What the tabs of one credential have in common: its name, **Edit credentials**, **Delete**, and the tabs. */
export function CredentialFrame(props: {
  detail: CredentialDetail
  current: CredentialTab
  /** True where a form on it was refused: the title says so. */
  invalid?: boolean
  children: Child
}) {
  const { detail, current, invalid = false } = props
  const { id, name } = detail
  const tabs: readonly { label: CredentialTab; href: string }[] = [
    { label: 'Overview', href: paths.credential(id) },
    { label: 'History', href: paths.credentialHistory(id) },
    { label: 'Sharing', href: paths.credentialSharing(id) },
  ]
  return (
    <>
      <Title error={invalid}>{current === 'Overview' ? name : `${current} of ${name}`}</Title>
      <PageHeader
        title={name}
        actions={
          <>
            <LinkButton href={paths.editCredential(id)} shortcut="e">
              Edit credentials
            </LinkButton>
            <LinkButton href={paths.credentialDeletion(id)} variant="danger">
              Delete
            </LinkButton>
          </>
        }
      />
      {tabs.length > 1 ? (
        <Tabs label={`Parts of ${name}`} tabs={tabs.map((tab) => ({ ...tab, current: tab.label === current }))} />
      ) : null}
      {props.children}
    </>
  )
}

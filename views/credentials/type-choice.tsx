import type { CredentialType } from '../../src/credentials/credential-type.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { ChoiceList } from '../ui/choice-list.tsx'
import { Facts } from '../ui/facts.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Tabs } from '../ui/tabs.tsx'
import { Title } from '../ui/title.tsx'

/** Links between which a credential type is chosen; none where there is no choice. */
export type TypeLinks = readonly { readonly label: string; readonly href: string; readonly current: boolean }[]

/** The page on which a type is picked for new credentials; `connectionId` is where they are for, or null. */
export function CredentialTypesPage(props: { types: readonly CredentialType[]; connectionId: string | null }) {
  const { types, connectionId } = props
  const prefill = connectionId === null ? {} : { connection: connectionId }
  return (
    <div class="narrow">
      <Title>Choose a credential type</Title>
      <Breadcrumbs
        trail={[{ label: 'Credentials management', href: paths.credentials() }]}
        current="Choose a credential type"
      />
      <PageHeader title="Choose a credential type" subtitle="What opens the data store?" />
      <ChoiceList
        label="Credential types"
        choices={types.map(({ id, label, summary }) => ({
          href: paths.newCredential({ ...prefill, type: id }),
          name: label,
          summary,
        }))}
      />
    </div>
  )
}

/** Which type is being added, with the way back to the others. */
export function ChosenType(props: { type: CredentialType; connectionId: string | null }) {
  const { type, connectionId } = props
  const others = paths.newCredential(connectionId === null ? {} : { connection: connectionId })
  return (
    <Facts
      facts={[
        {
          label: 'Type',
          value: (
            <>
              {type.label} · <a href={others}>Choose another type</a>
            </>
          ),
        },
      ]}
    />
  )
}

/** Where several types could be typed, links to the form of each. */
export function TypeTabs(props: { types: TypeLinks }) {
  return props.types.length === 0 ? null : <Tabs label="Credential type" tabs={props.types} />
}

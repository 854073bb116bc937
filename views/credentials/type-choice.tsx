import type { CredentialType } from '../../src/credentials/credential-type.ts'
import { paths } from '../../src/paths.ts'
import { Facts } from '../ui/facts.tsx'
import { Tabs } from '../ui/tabs.tsx'

/** Which type is being added; with more than one, links to the others. */
export function TypeChoice(props: { types: readonly CredentialType[]; chosen: CredentialType }) {
  const { types, chosen } = props
  if (types.length === 1) return <Facts facts={[{ label: 'Type', value: chosen.label }]} />
  const tabs = types.map((type) => ({
    label: type.label,
    href: paths.newCredential({ type: type.id }),
    current: type.id === chosen.id,
  }))
  return <Tabs label="Credential type" tabs={tabs} />
}

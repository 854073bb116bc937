import type { Attention } from '../../src/credentials/attention.ts'
import type { CredentialRow } from '../../src/credentials/listing.ts'
import { paths } from '../../src/paths.ts'
import { BulkForm } from '../bulk/choice.tsx'
import { Badge } from '../ui/badge.tsx'
import { Actions, LinkButton } from '../ui/button.tsx'
import { HiddenInputs } from '../ui/form.tsx'
import { ListRow, PanelList, type RowChoice } from '../ui/list-row.tsx'
import { Pagination } from '../ui/pagination.tsx'
import { PanelFilter, PanelSearch } from '../ui/panel-search.tsx'
import { relativeTime } from '../ui/time.tsx'
import type { CredentialsPageProps } from './page.tsx'
import { searchOf } from './search.ts'
import { refusalInWords } from './stops.tsx'
import { counted, datasetsInWords, schedulesInWords } from './used-by.ts'

const sorts = [
  { value: 'name', label: 'Name' },
  { value: 'used', label: 'Last used' },
  { value: 'created', label: 'Newest' },
  { value: 'expires', label: 'Expires' },
]

/** The left panel: add, search, and a page of the actor's credentials. */
export function CredentialList(props: CredentialsPageProps & { selectedId: string | null }) {
  const { listing, page, types } = props
  const selecting = props.selecting === true || props.refused !== undefined
  const { after: _, ...search } = searchOf(listing, selecting)
  return (
    <>
      <Actions>
        <LinkButton href={paths.newCredential()} variant="primary" shortcut="n">
          + Add new credentials
        </LinkButton>
        {page.rows.length === 0 ? null : (
          <LinkButton
            href={paths.credentials(searchOf(listing, !selecting))}
            label={selecting ? 'Done selecting' : 'Select several'}
          >
            {selecting ? 'Done' : 'Select'}
          </LinkButton>
        )}
      </Actions>
      <PanelSearch action={paths.credentials()} label="Search credentials" value={listing.text ?? ''}>
        <HiddenInputs hidden={selecting ? { select: 'yes' } : {}} />
        {types.length > 1 ? (
          <PanelFilter name="type" label="Type" value={listing.type ?? ''} options={typeOptions(types)} />
        ) : null}
        <PanelFilter name="attention" label="Attention" value={listing.attention ?? ''} options={attentionOptions} />
        <PanelFilter name="sort" label="Sort by" value={listing.sort ?? 'name'} options={sorts} />
      </PanelSearch>
      <Found {...props} selecting={selecting} />
      <Pagination
        label="Pages of credentials"
        previous={listing.after === undefined ? null : paths.credentials(search)}
        next={page.next === null ? null : paths.credentials({ ...search, after: page.next })}
      />
      <p class="hint">
        <a href={paths.sharedCredentials()}>Shared with you</a>
      </p>
    </>
  )
}

function Found(props: CredentialsPageProps & { selectedId: string | null; selecting: boolean }) {
  const { listing, page, types, selectedId, selecting, refused } = props
  if (page.rows.length === 0) return <p class="panel-empty">No credentials found.</p>
  const rows = { rows: page.rows, types, selectedId, search: searchOf(listing, selecting) }
  if (!selecting) return <Rows {...rows} chosen={null} />
  return (
    <BulkForm listing={listing} refused={refused ?? null}>
      <Rows {...rows} chosen={refused?.chosen ?? []} />
    </BulkForm>
  )
}

type RowsProps = Pick<CredentialsPageProps, 'types'> & {
  readonly rows: readonly CredentialRow[]
  readonly selectedId: string | null
  /** Ids whose checkboxes are checked already; null where rows have none. */
  readonly chosen: readonly string[] | null
  readonly search: Parameters<typeof paths.credentials>[0]
}

function Rows(props: RowsProps) {
  const { chosen } = props
  const now = new Date()
  return (
    <PanelList label="Credentials">
      {props.rows.map((row) => (
        <ListRow
          href={paths.credential(row.id, props.search)}
          name={row.name}
          selected={row.id === props.selectedId}
          meta={metaOf(row, props.types, now)}
          badges={badgesOf(row)}
          choice={chosen === null ? undefined : choiceOf(row, chosen)}
        />
      ))}
    </PanelList>
  )
}

function choiceOf({ id, name }: CredentialRow, chosen: readonly string[]): RowChoice {
  return { name: 'id', value: id, checked: chosen.includes(id), label: `Select ${name}` }
}

function metaOf(row: CredentialRow, types: RowsProps['types'], now: Date): string {
  const type = row.username ?? types.find((candidate) => candidate.id === row.type)?.label ?? row.type
  // What was signed in with to store it was typed; from then on it would have been used.
  const unused = row.lastSignInCode === null ? 'never used' : 'not used since it was stored'
  const used = row.lastUsedAt === null ? unused : `used ${relativeTime(row.lastUsedAt, now)}`
  const made = datasetsInWords(row.datasets, row.datasetsOfOthers)
  const planned = schedulesInWords(row.schedules)
  const held = row.heldUntil === null ? undefined : `held, ends ${relativeTime(row.heldUntil, now)}`
  const parts = [
    type,
    counted(row.connections, 'connection'),
    made,
    planned,
    used,
    signInInWords(row.lastSignInCode),
    held,
  ]
  return parts.filter((part) => part !== undefined).join(' · ')
}

/** What came of the newest sign-in; undefined where nobody has signed in yet. */
function signInInWords(code: string | null): string | undefined {
  if (code === null) return undefined
  return code === 'ok' ? 'signed in' : `last sign-in: ${code}`
}

function badgesOf(row: CredentialRow) {
  const { pausedCode } = row
  // Why it is paused says more than that it was refused somewhere.
  const attention = row.attention.filter((what) => pausedCode === null || what !== 'refused')
  if (attention.length === 0 && pausedCode === null) return undefined
  return (
    <>
      {pausedCode === null ? null : <Badge tone="danger">paused: {refusalInWords(pausedCode)}</Badge>}
      {attention.map((what) => (
        <Badge tone={urgent.has(what) ? 'danger' : 'warning'}>{attentionInWords[what]}</Badge>
      ))}
    </>
  )
}

const attentionInWords: Readonly<Record<Attention, string>> = {
  refused: 'refused',
  moved: 'destination changed',
  expired: 'expired',
  expiring: 'expires in 30 days',
  unused: 'unused for 90 days',
  'weak-tls': 'weak TLS',
}

const urgent: ReadonlySet<Attention> = new Set(['refused', 'expired'])

const attentionOptions = [
  { value: '', label: 'All' },
  { value: 'any', label: 'Any' },
  ...Object.entries(attentionInWords).map(([value, words]) => ({
    value,
    label: words.charAt(0).toUpperCase() + words.slice(1),
  })),
]

function typeOptions(types: RowsProps['types']) {
  return [{ value: '', label: 'All types' }, ...types.map((type) => ({ value: type.id, label: type.label }))]
}

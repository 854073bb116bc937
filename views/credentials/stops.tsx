import type { CredentialDetail } from '../../src/credentials/queries.ts'
import { paths } from '../../src/paths.ts'
import type { Fact } from '../ui/facts.tsx'
import { Notice } from '../ui/notice.tsx'
import { Section } from '../ui/page-header.tsx'
import { Table } from '../ui/table.tsx'
import { absoluteTime, Time } from '../ui/time.tsx'
import { counted } from './used-by.ts'

type Props = { readonly detail: CredentialDetail }

const refusals: Readonly<Record<string, string>> = {
  'auth.refused': 'refused',
  'auth.expired': 'expired',
  'auth.locked': 'locked',
}

/** Returns a refusal's code in a word: "refused", "expired" or "locked". */
export function refusalInWords(code: string): string {
  return refusals[code] ?? 'refused'
}

/** Why nothing uses these credentials by itself, where that is so, and how it goes on. */
export function CredentialStops(props: Props) {
  const { pause, hold } = props.detail
  return (
    <>
      {pause === null ? null : <Paused detail={props.detail} pause={pause} />}
      {hold === null ? null : <Held detail={props.detail} hold={hold} />}
    </>
  )
}

function Paused(props: Props & { pause: NonNullable<CredentialDetail['pause']> }) {
  const { detail, pause } = props
  const { connectionName, code } = pause
  const schedules = detail.associations.reduce((sum, one) => sum + one.schedules, 0)
  const where = `${code === 'auth.refused' ? 'by' : 'on'} ${connectionName ?? 'a data connection'}`
  return (
    <Notice tone="danger" title={`Paused: ${refusalInWords(code)} ${where}`}>
      <p>
        <Time at={pause.at} />; nothing uses these credentials by itself, so that the account is not locked there.{' '}
        {schedules === 0 ? '' : `The runs of ${counted(schedules, 'schedule')} are missed. `}
        <a href={paths.diagnosisHelp(code)}>What {code} means</a>
      </p>
      <p>
        <a href={paths.editCredential(detail.id)}>Store the right secret</a>, or test{' '}
        {detail.associations.length === 0 ? 'a data connection' : 'one of the connections below'} once: a sign-in that
        works ends the pause.
        {pause.tried ? ' Someone is trying these credentials right now.' : ''}
      </p>
    </Notice>
  )
}

function Held(props: Props & { hold: NonNullable<CredentialDetail['hold']> }) {
  const { detail, hold } = props
  const { from, until, begun } = hold
  return (
    <Notice tone="warning" title={begun ? 'In a maintenance window' : 'A maintenance window is planned'}>
      <p>
        {begun ? 'Until' : `From ${absoluteTime(from)} until`} {absoluteTime(until)} nothing uses these credentials by
        itself; what is missed is made up for afterwards. What a person starts still signs in.{' '}
        <a href={paths.maintenance(detail.id)}>Change or end it</a>
      </p>
    </Notice>
  )
}

/** The line among the facts from which the maintenance window is set. */
export function maintenanceFact({ id, hold }: CredentialDetail): Fact {
  const label = hold === null ? 'Plan a maintenance window' : 'Change or end it'
  return {
    label: 'Maintenance',
    value: (
      <>
        {hold === null ? 'None' : `${absoluteTime(hold.from)} to ${absoluteTime(hold.until)}`} ·{' '}
        <a href={paths.maintenance(id)}>{label}</a>
      </>
    ),
  }
}

const columns = [
  { label: 'What' },
  { label: 'Connection' },
  { label: 'Because' },
  { label: 'Times', numeric: true },
  { label: 'First' },
  { label: 'Last' },
  { label: 'State' },
]

/** What would have used these credentials by itself while it could not; nothing where nothing was missed lately. */
export function MissedUses(props: Props) {
  const { missed } = props.detail
  if (missed.length === 0) return null
  const rows = missed.map((one) => [
    one.purpose,
    one.connectionName ?? 'a connection you cannot see',
    one.because === 'paused' ? 'paused' : 'maintenance',
    String(one.times),
    <Time at={one.firstAt} />,
    <Time at={one.lastAt} />,
    one.closedAt === null ? (
      'still waiting'
    ) : (
      <>
        gone on <Time at={one.closedAt} />
      </>
    ),
  ])
  return (
    <Section title="What was missed" id="missed">
      <Table caption="Uses that did not happen by themselves, in the last week" columns={columns} rows={rows} />
    </Section>
  )
}

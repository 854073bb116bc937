import { paths } from '../../src/paths.ts'
import type { ScheduleDetail } from '../../src/schedules/queries.ts'
import { refusalInWords } from '../credentials/stops.tsx'
import { Notice } from '../ui/notice.tsx'
import { absoluteTime, Time } from '../ui/time.tsx'

/** Why nothing runs by itself at the moment, where that is so, and how it goes on. */
export function ScheduleState(props: { schedule: ScheduleDetail }) {
  const { schedule } = props
  const { state, reason, stateAt, stateByName, waits, credentialId } = schedule
  return (
    <>
      {state === 'disabled' ? (
        <Notice tone="danger" title="Disabled by Keyward">
          {reason} <Time at={stateAt} />.
        </Notice>
      ) : null}
      {state === 'paused' ? (
        <Notice tone="warning" title="Paused">
          {stateByName === null ? 'Paused' : `By ${stateByName}`} <Time at={stateAt} />. Nothing runs by itself until it
          is resumed.
        </Notice>
      ) : null}
      {waits === null || credentialId === null ? null : <Waits waits={waits} credentialId={credentialId} />}
    </>
  )
}

function Waits(props: { waits: NonNullable<ScheduleDetail['waits']>; credentialId: string }) {
  const { waits, credentialId } = props
  const link = <a href={paths.credential(credentialId)}>Look at the credentials</a>
  if (waits.because === 'held') {
    return (
      <Notice tone="warning" title="Its credentials are in a maintenance window">
        Until {absoluteTime(waits.until)} its runs are missed. {link}
      </Notice>
    )
  }
  return (
    <Notice tone="danger" title="Its credentials are paused">
      A data store{' '}
      {refusalInWords(waits.code) === 'refused' ? 'refused them' : `says they are ${refusalInWords(waits.code)}`}{' '}
      <Time at={waits.since} />, so its runs are missed until one sign-in with them works. {link}
    </Notice>
  )
}

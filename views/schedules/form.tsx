import { paths } from '../../src/paths.ts'
import type { SettingErrors, TypedSetting } from '../../src/schedules/setting.ts'
import type { StoredAccount } from '../../src/sign-ins/use-connection.ts'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { HintAndError } from '../ui/field-frame.tsx'
import { HiddenInputs } from '../ui/form.tsx'
import { RadioField } from '../ui/radio-field.tsx'
import { SelectField } from '../ui/select-field.tsx'
import { TextField } from '../ui/text-field.tsx'
import { TimeZoneField } from './time-zone-field.tsx'
import { weekdays } from './words.ts'

export type ScheduleForm = {
  readonly typed: TypedSetting
  readonly errors?: SettingErrors
  /** Of the schedule it changes; blank for a new one. */
  readonly revision: string
  /** Whether nobody has chosen the time zone yet. */
  readonly ownZone: boolean
}

type Props = {
  readonly datasetId: string
  /** Null for a dataset that is made of others: it takes no account. */
  readonly connection: { readonly id: string } | null
  readonly form: ScheduleForm
  readonly accounts: readonly StoredAccount[]
  readonly zones: readonly string[]
}

/** The form of a schedule. Without a style sheet, or in a browser that cannot hide them, it shows every kind of time. */
export function ScheduleSettings(props: Props) {
  const { datasetId, form, connection } = props
  const { revision } = form
  return (
    <form
      method="post"
      action={paths.datasetSchedule(datasetId)}
      novalidate
      class="schedule-form"
      aria-label="Schedule"
    >
      <HiddenInputs hidden={{ revision }} />
      <HowOften form={form} />
      <TimeZoneField
        name="zone"
        label="Time zone"
        hint="Times are by its clock, daylight saving included."
        value={form.typed.zone}
        zones={props.zones}
        own={form.ownZone}
        error={form.errors?.zone}
      />
      {connection === null ? null : <AccountField {...props} connectionId={connection.id} />}
      <CatchUp form={form} signsIn={connection !== null} />
      <Kept form={form} />
      <Actions>
        <Button>Save schedule</Button>
        <button type="submit" class="button button-secondary" formmethod="get">
          Show next runs
        </button>
        <CancelLink href={paths.dataset(datasetId)} />
      </Actions>
    </form>
  )
}

const kinds = [
  { value: 'hour', label: 'Every hour' },
  { value: 'day', label: 'Every day' },
  { value: 'week', label: 'On days of the week' },
  { value: 'month', label: 'On a day of the month' },
  { value: 'cron', label: 'By a cron expression' },
]

function HowOften(props: { form: ScheduleForm }) {
  const { typed, errors = {} } = props.form
  return (
    <>
      <RadioField name="every" label="How often" options={kinds} value={typed.every} error={errors.every} />
      <div class="when-hour">
        <TextField
          name="minute"
          label="Minute of the hour"
          width="short"
          inputMode="numeric"
          value={typed.minute}
          error={errors.minute}
        />
      </div>
      <div class="when-week">
        <Weekdays chosen={typed.days} error={errors.days} />
      </div>
      <div class="when-month">
        <TextField
          name="day"
          label="Day of the month"
          hint="Where a month has fewer days, its last one."
          width="short"
          inputMode="numeric"
          value={typed.day}
          error={errors.day}
        />
      </div>
      <div class="when-at">
        <TextField
          name="at"
          label="Time of day"
          hint="From 00:00 to 23:59. A time that the clock skips is taken right after the gap."
          width="short"
          value={typed.at}
          error={errors.at}
        />
      </div>
      <div class="when-cron">
        <TextField
          name="cron"
          label="Cron expression"
          hint="Minute, hour, day of the month, month, day of the week; runs at least 5 minutes apart."
          monospace
          value={typed.cron}
          error={errors.cron}
        />
      </div>
    </>
  )
}

function Weekdays(props: { chosen: readonly string[]; error: string | undefined }) {
  const field = { name: 'days', label: 'Days', error: props.error }
  return (
    <fieldset class={props.error ? 'field field-refused' : 'field'}>
      <legend>Days</legend>
      <HintAndError {...field} />
      <div class="weekdays">
        {weekdays.map((name, index) => (
          <div class="choice">
            <input
              type="checkbox"
              id={index === 0 ? 'field-days' : `field-days-${index}`}
              name="days"
              value={String(index + 1)}
              checked={props.chosen.includes(String(index + 1))}
            />
            <label for={index === 0 ? 'field-days' : `field-days-${index}`}>{name}</label>
          </div>
        ))}
      </div>
    </fieldset>
  )
}

function AccountField(props: Props & { connectionId: string }) {
  const { accounts, form } = props
  const options = accounts.map(({ credentialId, name, isDefault }) => ({
    value: credentialId,
    label: isDefault ? `${name} (default)` : name,
  }))
  const isGone = form.typed.account !== '' && !accounts.some((one) => one.credentialId === form.typed.account)
  return (
    <SelectField
      name="account"
      label="Account"
      hint={
        <>
          Every run signs in with it, in your name.{' '}
          <a href={paths.newConnectionCredential(props.connectionId)}>Add credentials</a>
        </>
      }
      options={isGone ? [{ value: '', label: 'Choose an account' }, ...options] : options}
      value={form.typed.account}
      error={form.errors?.account}
    />
  )
}

function CatchUp(props: { form: ScheduleForm; signsIn: boolean }) {
  const accounts = props.signsIn ? 'the credentials are paused or held, ' : ''
  const { typed, errors } = props.form
  return (
    <RadioField
      name="catchUp"
      label="Missed runs"
      hint={`Runs are missed while ${accounts}the schedule is paused, or Keyward does not run.`}
      options={[
        { value: 'once', label: 'Make up for them with one run', hint: 'As soon as that is possible.' },
        { value: 'skip', label: 'Only list them', hint: 'The next run is at its time.' },
      ]}
      value={typed.catchUp}
      error={errors?.catchUp}
    />
  )
}

function Kept(props: { form: ScheduleForm }) {
  const { typed, errors = {} } = props.form
  return (
    <>
      <TextField
        name="keepVersions"
        label="Versions to keep"
        hint="How many completed versions; the older ones are deleted. The newest one always stays."
        width="short"
        inputMode="numeric"
        optional
        value={typed.keepVersions}
        error={errors.keepVersions}
      />
      <TextField
        name="keepDays"
        label="Days to keep versions"
        hint="Older ones are deleted. Where both are set, a version must pass both to stay."
        width="short"
        inputMode="numeric"
        optional
        value={typed.keepDays}
        error={errors.keepDays}
      />
    </>
  )
}

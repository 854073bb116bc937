import type { Health } from '../../src/health/health.ts'
import type { Look } from '../../src/health/outcome.ts'
import { paths } from '../../src/paths.ts'
import { Badge } from '../ui/badge.tsx'
import { LinkButton } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'
import { Section } from '../ui/page-header.tsx'
import { absoluteTime, Time } from '../ui/time.tsx'

const skipped: Readonly<Record<string, string>> = {
  'skipped.disabled': 'not tried: its owner is disabled',
  'skipped.feature': 'not tried: stored credentials are off',
  'skipped.account': 'not tried: the account is not associated any more',
  'skipped.destination': 'not tried: the destination changed and was not confirmed',
  'skipped.paused': 'not tried: its account is paused after a refusal',
  'skipped.held': 'not tried: its account is in a maintenance window',
  'skipped.busy': 'not tried: Keyward was busy',
}

/** The part of a connection's own page that says how it has been. */
export function HealthSection(props: { connectionId: string; health: Health; mayChange: boolean }) {
  const { connectionId, health, mayChange } = props
  return (
    <Section
      title="Health"
      actions={
        mayChange ? <LinkButton href={paths.connectionHealth(connectionId)}>Health checks</LinkButton> : undefined
      }
    >
      <HealthState health={health} />
      {health.looks.length === 0 ? null : <HealthStrip looks={health.looks} />}
    </Section>
  )
}

/** Whether and how often it is tried, and if that waits, why and how it goes on. */
export function HealthState(props: { health: Health }) {
  const { health } = props
  const { minutes, waits, nextAt } = health
  if (minutes === null) return <p>Keyward does not sign in by itself here.</p>
  if (waits?.because === 'paused') return <Paused health={health} waits={waits} />
  if (waits?.because === 'held') return <Held health={health} until={waits.until} />
  return (
    <p>
      Keyward signs in {every(minutes)}
      {nextAt === null ? '.' : <>; the next time is {nextAt.getTime() < Date.now() ? 'now' : <Time at={nextAt} />}.</>}
      {blocked(health)}
    </p>
  )
}

function Paused(props: { health: Health; waits: Extract<Health['waits'], { because: 'paused' }> }) {
  const { health, waits } = props
  return (
    <Notice tone="warning" title="Health checks wait">
      <p>
        A data store refused <AccountOf health={health} /> (<code>{waits.code}</code>), <Time at={waits.at} />. Nothing
        uses these credentials by itself until one sign-in with them works, so that the account is not locked there.
        Test a connection with them or store the right secret: the checks then go on by themselves.
      </p>
    </Notice>
  )
}

function Held(props: { health: Health; until: Date }) {
  return (
    <Notice title="Health checks wait">
      <p>
        <AccountOf health={props.health} /> is in a maintenance window until {absoluteTime(props.until)}. The next check
        is made when it ends.
      </p>
    </Notice>
  )
}

/** Of an account of somebody else's nothing is said but that. */
function AccountOf({ health: { accounts, credentialId } }: { health: Health }) {
  const account = accounts.find((one) => one.credentialId === credentialId)
  return account === undefined ? <>its account</> : <a href={paths.credential(account.credentialId)}>{account.name}</a>
}

function every(minutes: number): string {
  if (minutes === 60) return 'every hour'
  if (minutes === 1440) return 'every day'
  return minutes < 60 ? `every ${minutes} minutes` : `every ${minutes / 60} hours`
}

/** What keeps the next one from being tried, as things are. */
function blocked({ accounts, credentialId }: Health): string {
  const account = accounts.find((one) => one.credentialId === credentialId)
  if (account === undefined) return ' Its account is not associated any more: choose another one.'
  return account.destinationChanged ? ` Confirm the new destination for ${account.name} first.` : ''
}

/** What came of one look, in a badge. */
export function LookOutcome(props: { code: string }) {
  const { code } = props
  if (code === 'ok') return <Badge tone="success">signed in</Badge>
  return <Badge tone={code in skipped ? 'neutral' : 'danger'}>{wordsOf(code)}</Badge>
}

function wordsOf(code: string): string {
  return code === 'ok' ? 'signed in' : (skipped[code] ?? code)
}

const barWidth = 6
const step = 8
const height = 32

/** The outcomes as a strip of bars, the newest at the right; the table of the health page has the same in words. */
export function HealthStrip(props: { looks: readonly Look[] }) {
  const looks = [...props.looks].reverse()
  return (
    <svg
      class="health-strip"
      role="img"
      aria-label={summary(looks)}
      viewBox={`0 0 ${90 * step} ${height}`}
      preserveAspectRatio="xMaxYMid meet"
    >
      {looks.map((look, index) => (
        <Bar look={look} x={(90 - looks.length + index) * step} />
      ))}
    </svg>
  )
}

/** Its height says the same as its colour. */
function Bar(props: { look: Look; x: number }) {
  const { look, x } = props
  const kind = look.code === 'ok' ? 'passed' : look.code in skipped ? 'skipped' : 'failed'
  const tall = { passed: height, failed: height / 2, skipped: height / 8 }[kind]
  return (
    <rect class={`look-${kind}`} x={x} y={height - tall} width={barWidth} height={tall}>
      <title>{`${absoluteTime(look.at)}: ${wordsOf(look.code)}`}</title>
    </rect>
  )
}

function summary(looks: readonly Look[]): string {
  const good = looks.filter(({ code }) => code === 'ok').length
  const idle = looks.filter(({ code }) => code in skipped).length
  const last = looks.at(-1)
  const counts = `${good} signed in, ${looks.length - good - idle} failed, ${idle} not tried`
  return `Last ${looks.length} health checks: ${counts}${last === undefined ? '' : `; the last one: ${wordsOf(last.code)}`}.`
}

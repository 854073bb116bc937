import type { CredentialDetail } from '../../src/credentials/queries.ts'
import { paths } from '../../src/paths.ts'
import { Badge } from '../ui/badge.tsx'
import { Notice } from '../ui/notice.tsx'
import { absoluteTime } from '../ui/time.tsx'

/** From how many days before it an expiry is shown. */
const noticeDays = 30

/** Says that an account ends within 30 days, or has ended; nothing where that is further away. `now` is for tests. */
export function ExpiryBadge(props: { expiresAt: Date | null; now?: Date }) {
  const { expiresAt, now = new Date() } = props
  if (expiresAt === null || !isNear(expiresAt, now)) return null
  if (expiresAt <= now) return <Badge tone="danger">expired</Badge>
  return <Badge tone="warning">expires in {daysInWords(expiresAt, now)}</Badge>
}

/** What is to be done about an account that ends soon, or has ended. `now` is for tests. */
export function ExpiryNotice(props: { detail: CredentialDetail; now?: Date }) {
  const { detail, now = new Date() } = props
  const { id, expiresAt } = detail
  if (expiresAt === null || !isNear(expiresAt, now)) return null
  const isOver = expiresAt <= now
  const title = isOver ? 'These credentials have expired' : `These credentials expire in ${daysInWords(expiresAt, now)}`
  return (
    <Notice tone={isOver ? 'danger' : 'warning'} title={title}>
      {isOver ? 'They ended' : 'They end'} on {absoluteTime(expiresAt)}, {whoSays(detail)}. Get a new secret from the
      data store and <a href={paths.editCredential(id)}>edit credentials</a>, or{' '}
      <a href={paths.credentialExpiry(id)}>change the expiry</a>.
    </Notice>
  )
}

/** When the present version ends and who says so, with the way to change it. */
export function ExpiryFact(props: { detail: CredentialDetail }) {
  const { detail } = props
  const { id, expiresAt, expirySource } = detail
  const link = <a href={paths.credentialExpiry(id)}>{expirySource === null ? 'Set expiry' : 'Change expiry'}</a>
  if (expirySource === null || expiresAt === null) {
    return (
      <>
        {expirySource === null ? 'Not known' : 'Never, as set by hand'} · {link}
      </>
    )
  }
  return (
    <>
      <time datetime={expiresAt.toISOString()}>{absoluteTime(expiresAt)}</time>, {whoSays(detail)}{' '}
      <ExpiryBadge expiresAt={expiresAt} /> · {link}
    </>
  )
}

/** Returns who says when the present version ends: "as set by hand", "as PostgreSQL says on Sales". */
export function whoSays({ expirySource, expiresAt, associations }: CredentialDetail): string {
  if (expirySource === 'set') return 'as set by hand'
  const told = associations.find(({ learnedExpiresAt }) => learnedExpiresAt?.getTime() === expiresAt?.getTime())
  return told === undefined ? 'as the secret itself says' : `as ${told.driverLabel} says on ${told.connectionName}`
}

function isNear(expiresAt: Date, now: Date): boolean {
  return expiresAt.getTime() - now.getTime() <= noticeDays * millisecondsOfDay
}

function daysInWords(expiresAt: Date, now: Date): string {
  const days = Math.ceil((expiresAt.getTime() - now.getTime()) / millisecondsOfDay)
  return days === 1 ? '1 day' : `${days} days`
}

const millisecondsOfDay = 86_400_000

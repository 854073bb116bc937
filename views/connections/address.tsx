import type { Address } from '../../src/connections/queries.ts'
import { paths } from '../../src/paths.ts'
import { Badge } from '../ui/badge.tsx'
import { Time } from '../ui/time.tsx'

/** Where a connection leads and how it is protected: `postgresql://db.example.com:5432/sales · TLS verified`. */
export function AddressLine(props: { address: Address }) {
  const { address, protection, weak } = props.address
  return (
    <p class="relation-line">
      <code>{address}</code> · {weak ? <Badge tone="warning">{protection}</Badge> : protection}
    </p>
  )
}

/** The outcome and time of the last sign-in. */
export function SignInOutcome(props: { at: Date | null; code: string | null }) {
  if (props.at === null || props.code === null) return <>not signed in yet</>
  const ok = props.code === 'ok'
  return (
    <>
      <Badge tone={ok ? 'success' : 'danger'}>{ok ? 'signed in' : props.code}</Badge> <Time at={props.at} />
    </>
  )
}

/** The trail of one connection's pages. */
export function connectionTrail(id: string, name: string) {
  return [
    { label: 'Data connections', href: paths.connections() },
    { label: name, href: paths.connection(id) },
  ]
}

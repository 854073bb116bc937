import type { VersionDetail } from '../../src/catalog/queries.ts'
import { Badge, type Tone } from '../ui/badge.tsx'

const tones: Record<VersionDetail['status'], Tone> = {
  queued: 'neutral',
  running: 'accent',
  completed: 'success',
  failed: 'danger',
  cancelled: 'warning',
}

/** The state of a version in a word. */
export function VersionStatus(props: { version: Pick<VersionDetail, 'status'> & { readonly cancelling?: boolean } }) {
  const { status, cancelling } = props.version
  return <Badge tone={tones[status]}>{cancelling ? 'cancelling' : status}</Badge>
}

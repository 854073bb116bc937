import { Badge } from '../ui/badge.tsx'

/** How an action ended. */
export function EntryOutcome(props: { outcome: 'allowed' | 'denied' | 'failed' }) {
  const { outcome } = props
  if (outcome === 'allowed') return <>done</>
  return <Badge tone={outcome === 'denied' ? 'warning' : 'danger'}>{outcome}</Badge>
}

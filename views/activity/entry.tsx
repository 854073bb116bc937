import { Badge } from '../ui/badge.tsx'

/** How an action ended. Of a use the ledger says that it was allowed, not what the data store answered to it. */
export function EntryOutcome(props: { action: string; outcome: 'allowed' | 'denied' | 'failed' }) {
  const { action, outcome } = props
  if (outcome === 'allowed') return <>{action.endsWith('.use') ? 'allowed' : 'done'}</>
  return <Badge tone={outcome === 'denied' ? 'warning' : 'danger'}>{outcome}</Badge>
}

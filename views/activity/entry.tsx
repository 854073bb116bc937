import { Badge } from '../ui/badge.tsx'

/** Returns an action as people read it: `credential.set-default` reads "Credential: set default". */
export function actionInWords(action: string): string {
  const [noun = '', verb = ''] = action.split('.')
  return `${noun.charAt(0).toUpperCase()}${noun.slice(1)}: ${verb.replaceAll('-', ' ')}`
}

/** How an action ended. */
export function EntryOutcome(props: { outcome: 'allowed' | 'denied' | 'failed' }) {
  const { outcome } = props
  if (outcome === 'allowed') return <>done</>
  return <Badge tone={outcome === 'denied' ? 'warning' : 'danger'}>{outcome}</Badge>
}

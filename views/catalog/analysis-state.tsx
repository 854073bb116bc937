import type { Child } from 'hono/jsx'
import type { AnalysisState } from '../../src/catalog/analyses.ts'
import { EmptyState } from '../ui/empty-state.tsx'
import { FormButton } from '../ui/form.tsx'
import { Live } from '../ui/live.tsx'
import { Notice } from '../ui/notice.tsx'
import { Progress } from '../ui/progress.tsx'

/** What stands where a result will be: that nobody asked for it yet, how far it is, or why there is none. */
export function NoResult(props: {
  state: Exclude<AnalysisState<unknown>, { state: 'done' }>
  /** "Profile". */
  what: string
  /** What is said where nobody asked for it yet. */
  explanation: Child
  action: { readonly href: string; readonly label: string }
  cancelAction: string
  /** The page itself, which keeps itself fresh while it is going on. */
  href: string
}) {
  const { state, what, action } = props
  const begin = (
    <FormButton action={action.href} variant="primary">
      {action.label}
    </FormButton>
  )
  if (state.state === 'none') {
    return (
      <EmptyState title={`No ${what.toLowerCase()} yet`} action={begin}>
        {props.explanation}
      </EmptyState>
    )
  }
  if (state.state === 'ended') {
    return (
      <>
        <Notice tone={state.status === 'failed' ? 'danger' : 'neutral'} title={`${what} ${wordOf(state.status)}.`}>
          {state.message}
        </Notice>
        {begin}
      </>
    )
  }
  return (
    <>
      <Progress label={`Progress of the ${what.toLowerCase()}`} words={wordsOf(state)} {...barOf(state.percent)} />
      {state.cancelling ? null : (
        <FormButton action={props.cancelAction} label={`Cancel the ${what.toLowerCase()}`}>
          Cancel
        </FormButton>
      )}
      <Live href={props.href} />
    </>
  )
}

type Going = Extract<AnalysisState<unknown>, { state: 'going' }>

function wordOf(status: 'failed' | 'cancelled'): string {
  return status === 'failed' ? 'failed' : 'was cancelled'
}

function wordsOf({ hasBegun, cancelling, percent }: Going): string {
  if (cancelling) return 'Cancelling…'
  if (!hasBegun) return 'Waiting for its turn.'
  return percent > 0 ? `Reading the rows: ${percent} % of this step.` : 'Reading the rows.'
}

/** Of several steps the last known share is of one of them, so a bar that is full says nothing. */
function barOf(percent: number): { value?: number; maximum?: number } {
  return percent > 0 && percent < 100 ? { value: percent, maximum: 100 } : {}
}

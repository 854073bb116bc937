import type { Child } from 'hono/jsx'
import type { ProvenEditDetail } from '../../src/credentials/proven-edit-queries.ts'
import { paths } from '../../src/paths.ts'
import type { ButtonVariant } from '../ui/button.tsx'
import { LinkButton } from '../ui/button.tsx'
import { FormButton } from '../ui/form.tsx'
import { Section } from '../ui/page-header.tsx'
import { listed, type TrialCount, whatStops } from './trial-words.ts'

/** What can be done about an edit that was tried, each with what it means; the best way first. */
export function EditDecision(props: { edit: ProvenEditDetail; count: TrialCount }) {
  const { edit, count } = props
  const isProven = count.unproven.length === 0
  const canSplit = count.proven.length > 0 && !isProven
  return (
    <Section title="Decide" id="decide">
      <ul class="decisions">
        {canSplit ? <SplitChoice edit={edit} count={count} /> : null}
        {isProven ? null : <AgainChoice edit={edit} />}
        <ApplyChoice edit={edit} isProven={isProven} />
        <DiscardChoice edit={edit} />
      </ul>
    </Section>
  )
}

function Choice(props: { button: Child; children: Child }) {
  return (
    <li>
      {props.button}
      <p>{props.children}</p>
    </li>
  )
}

function ApplyChoice(props: { edit: ProvenEditDetail; isProven: boolean }) {
  const { edit, isProven } = props
  const variant: ButtonVariant = isProven ? 'primary' : 'confirm-danger'
  const stops = whatStops(edit.connections)
  const button = (
    <FormButton action={paths.provenEditApplication(edit.credentialId, edit.id)} variant={variant}>
      {isProven ? 'Apply' : 'Apply anyway'}
    </FormButton>
  )
  return (
    <Choice button={button}>
      {isProven || stops === ''
        ? 'Every associated connection uses the edit from now on, at once.'
        : `Every associated connection uses the edit from now on. This stops: ${stops}.`}
      {edit.connections.some(isRefused)
        ? ' Where it was refused it could lock the account, so nothing uses it by itself, anywhere, until one sign-in works.'
        : ''}
    </Choice>
  )
}

/** As the breaker sees it. */
function isRefused({ after }: ProvenEditDetail['connections'][number]): boolean {
  return after.tried && ['auth.refused', 'auth.expired', 'auth.locked'].includes(after.code ?? '')
}

function SplitChoice(props: { edit: ProvenEditDetail; count: TrialCount }) {
  const { edit, count } = props
  const keeps = listed(count.unproven.map(({ name }) => name))
  const button = (
    <LinkButton href={paths.provenEditSplit(edit.credentialId, edit.id)} variant="primary">
      Split
    </LinkButton>
  )
  return (
    <Choice button={button}>
      {listed(count.proven.map(({ name }) => name))} {count.proven.length === 1 ? 'gets' : 'get'} the edit. {keeps}{' '}
      {count.unproven.length === 1 ? 'keeps' : 'keep'} the old secret under an account of its own, so that nothing
      stops.
    </Choice>
  )
}

function AgainChoice(props: { edit: ProvenEditDetail }) {
  const button = (
    <FormButton action={paths.provenEditTrials(props.edit.credentialId, props.edit.id)}>Try again</FormButton>
  )
  return (
    <Choice button={button}>
      What did not work is tried once more, for example after you mended it on the target.
    </Choice>
  )
}

function DiscardChoice(props: { edit: ProvenEditDetail }) {
  const { credentialId, id, stored } = props.edit
  const button = (
    <FormButton action={paths.provenEditDiscarding(credentialId, id)} variant="danger">
      Discard
    </FormButton>
  )
  return <Choice button={button}>What was typed is erased, and version {stored.version} stays as it is.</Choice>
}

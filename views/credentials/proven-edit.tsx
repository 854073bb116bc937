import type { ProvenEditDetail } from '../../src/credentials/proven-edit-queries.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { LinkButton } from '../ui/button.tsx'
import { Facts } from '../ui/facts.tsx'
import { FormButton } from '../ui/form.tsx'
import { Live } from '../ui/live.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeader, Section } from '../ui/page-header.tsx'
import { Progress } from '../ui/progress.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { Title } from '../ui/title.tsx'
import { EditDecision } from './edit-decision.tsx'
import { TrialTable } from './trial-table.tsx'
import { countTrials, type TrialCount, whatStops } from './trial-words.ts'

export type ProvenEditPageProps = {
  readonly edit: ProvenEditDetail
  /** Why what was just asked for was not done. */
  readonly refused?: string
}

/** The page of a proven edit: what works now, what works with it, and what to do about it. */
export function ProvenEditPage(props: ProvenEditPageProps) {
  const { edit, refused } = props
  const { credentialId, stored, state } = edit
  const count = countTrials(edit.connections)
  const title = `Edit of ${stored.name}`
  return (
    <>
      <Title error={refused !== undefined}>{title}</Title>
      <EditBreadcrumbs edit={edit} current="Proven edit" />
      <PageHeader title={title} subtitle={subtitleOf(edit)} />
      {refused === undefined || edit.conflict !== null ? null : (
        <Notice tone="danger" title="Nothing was changed.">
          {refused}
        </Notice>
      )}
      {state === 'trying' ? <Trying edit={edit} count={count} /> : <Verdict edit={edit} count={count} />}
      {isOpen(edit) && edit.conflict === null ? <Changes edit={edit} /> : null}
      {edit.connections.length === 0 ? null : (
        <Section title="What was tried" id="trials">
          <TrialTable connections={edit.connections} />
        </Section>
      )}
      {state === 'tried' && edit.conflict === null ? <EditDecision edit={edit} count={count} /> : null}
      {isOpen(edit) ? (
        <p class="muted">
          Begun <Time at={edit.createdAt} /> by {edit.createdBy}. Unless it is decided, what was typed is erased{' '}
          <Time at={edit.expiresAt} />.
        </p>
      ) : null}
      {state === 'trying' ? <Live href={paths.provenEdit(credentialId, edit.id)} /> : null}
    </>
  )
}

/** The trail of the pages of one edit. */
export function EditBreadcrumbs(props: { edit: ProvenEditDetail; current: string }) {
  const { credentialId, id, stored } = props.edit
  const trail = [
    { label: 'Credentials management', href: paths.credentials() },
    { label: stored.name, href: paths.credential(credentialId) },
  ]
  const page = { label: 'Proven edit', href: paths.provenEdit(credentialId, id) }
  return <Breadcrumbs trail={props.current === page.label ? trail : [...trail, page]} current={props.current} />
}

function subtitleOf(edit: ProvenEditDetail): string {
  if (!isOpen(edit) || edit.conflict !== null) return `Version ${edit.edited.version}`
  return `Version ${edit.stored.version} stays in use everywhere until you apply version ${edit.edited.version}.`
}

function Trying(props: ProvenEditPageProps & { count: TrialCount }) {
  const { edit, count } = props
  return (
    <Section title="Trying it" id="progress">
      <Progress
        label="Progress of the trials"
        words={`${count.over} of ${count.total} tried.`}
        value={count.over}
        maximum={count.total}
      />
      <FormButton action={paths.provenEditDiscarding(edit.credentialId, edit.id)} variant="danger">
        Discard
      </FormButton>
    </Section>
  )
}

/** The page in a sentence or two. */
function Verdict(props: { edit: ProvenEditDetail; count: TrialCount }) {
  const { edit } = props
  if (!isOpen(edit)) return <Ended edit={edit} />
  return edit.conflict === null ? <Findings {...props} /> : <Conflict edit={edit} />
}

function Findings(props: { edit: ProvenEditDetail; count: TrialCount }) {
  const { proven, unproven, interrupted } = props.count
  const all = proven.length + unproven.length
  if (all === 0)
    return <Notice title="No data connection uses these credentials any more.">Nothing can be tried.</Notice>
  if (unproven.length === 0) {
    const title = all === 1 ? `${proven[0]?.name} works with the edit.` : `All ${all} connections work with the edit.`
    return (
      <Notice tone="success" title={title}>
        Apply it, and they use it from now on.
      </Notice>
    )
  }
  const stops = whatStops(props.edit.connections)
  const title = howMany(
    proven.map(({ name }) => name),
    unproven.map(({ name }) => name),
  )
  return (
    <Notice tone={proven.length === 0 ? 'danger' : 'warning'} title={title}>
      {stops === '' ? 'Nothing that works now would stop.' : `Applied as it is, this would stop: ${stops}.`}
      {interrupted ? ' Keyward stopped before everything was tried: try again.' : ''}
    </Notice>
  )
}

function howMany(proven: readonly string[], unproven: readonly string[]): string {
  const all = proven.length + unproven.length
  if (all === 1) return `${unproven[0]} does not work with the edit.`
  if (proven.length === 0) return `None of ${all} connections works with the edit.`
  return `${proven.length} of ${all} connections ${proven.length === 1 ? 'works' : 'work'} with the edit.`
}

function Ended(props: { edit: ProvenEditDetail }) {
  const { edit } = props
  const { state, old, decidedAt } = edit
  const by = edit.decidedBy === null ? '' : ` by ${edit.decidedBy}`
  const when = decidedAt === null ? null : <Time at={decidedAt} />
  const credential = <a href={paths.credential(edit.credentialId)}>{edit.stored.name}</a>
  if (state === 'applied' || state === 'split') {
    return (
      <Notice tone="success" title={`This edit was ${state}${by}.`}>
        It has been in use since {when}, see {credential}.{' '}
        {old === null ? null : (
          <>
            The old secret stays in <a href={paths.credential(old.id)}>{old.name}</a>.
          </>
        )}
      </Notice>
    )
  }
  return (
    <Notice title={state === 'discarded' ? `This edit was discarded${by}.` : 'The hour of this edit is over.'}>
      What was typed is erased, and {credential} was not changed by it.{' '}
      <a href={paths.editCredential(edit.credentialId)}>Edit it again</a> if it still has to change.
    </Notice>
  )
}

/** What is stored now is not what the edit was made from: both sides, and the two ways on. */
function Conflict(props: { edit: ProvenEditDetail }) {
  const { conflict, stored, edited, credentialId, id } = props.edit
  if (conflict === null) return null
  return (
    <>
      <Notice tone="danger" title={`Another edit was applied meanwhile by ${conflict.by ?? 'someone'}.`}>
        That was <Time at={conflict.at} />. This edit was made from what was stored before, so it cannot be applied any
        more. Discard it, or start again from what is stored now.
      </Notice>
      <Table
        caption="Both sides"
        columns={[{ label: 'Field' }, { label: 'Stored now' }, { label: 'This edit' }]}
        rows={[
          ['Account name', stored.name, edited.name],
          ...(stored.username === null && edited.username === null
            ? []
            : [['Username', stored.username ?? '', edited.username ?? '']]),
          ['Description', stored.description, edited.description],
          ['Version', String(stored.version), String(edited.version)],
        ]}
      />
      <div class="actions">
        <LinkButton href={paths.editCredential(credentialId)} variant="primary">
          Start again
        </LinkButton>
        <FormButton action={paths.provenEditDiscarding(credentialId, id)} variant="danger">
          Discard
        </FormButton>
      </div>
    </>
  )
}

/** What applying changes, secrets aside: they are sealed. */
function Changes(props: { edit: ProvenEditDetail }) {
  const { stored, edited } = props.edit
  const changed = (label: string, now: string | null, then: string | null) =>
    now === then ? null : { label, value: `${now || 'none'} → ${then || 'none'}` }
  return (
    <Facts
      facts={[
        changed('Account name', stored.name, edited.name),
        changed('Username', stored.username, edited.username) ??
          (edited.username === null ? null : { label: 'Username', value: `${edited.username}, as now` }),
        changed('Description', stored.description, edited.description),
      ]}
    />
  )
}

function isOpen({ state }: ProvenEditDetail): boolean {
  return state === 'trying' || state === 'tried'
}

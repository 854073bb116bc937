import type { OutgoingConnections } from '../../src/connections/outgoing.ts'
import type { Verdict } from '../../src/connector/outlook.ts'
import { paths } from '../../src/paths.ts'
import { Actions, Button } from '../ui/button.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Form } from '../ui/form.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeader, Section } from '../ui/page-header.tsx'
import { TextField } from '../ui/text-field.tsx'
import { Title } from '../ui/title.tsx'

/** A host and port that were asked about, with the answer or what is wrong with them. */
export type EgressQuestion = {
  readonly host: string
  readonly port: string
  readonly verdict?: Verdict
  readonly errors?: { readonly host?: string; readonly port?: string }
}

/** Where connections may go, from where they come, and whether one would be allowed. */
export function OutgoingConnectionsPage(props: { outgoing: OutgoingConnections; question: EgressQuestion }) {
  const { outgoing, question } = props
  const errors = (['host', 'port'] as const).flatMap((field) => {
    const message = question.errors?.[field]
    return message === undefined ? [] : [{ field, message }]
  })
  return (
    <div class="narrow">
      <Title error={errors.length > 0}>Outgoing connections</Title>
      <ErrorSummary errors={errors} />
      <PageHeader title="Outgoing connections" subtitle="Where Keyward may connect to, for everyone here" />
      <Question question={question} />
      <Section title="Allowed">
        <Sentences
          of={outgoing.allowed}
          otherwise="Nothing: EGRESS_DENY refuses everything, and EGRESS_ALLOW lists nothing."
        />
      </Section>
      <Section title="Refused">
        <Sentences of={outgoing.refused} otherwise="Nothing beside what is always refused." />
      </Section>
      <Section title="Always refused, whatever the settings say">
        <Sentences of={outgoing.never} otherwise="" />
      </Section>
      <Section title="Where connections come from">
        <Sentences of={outgoing.addresses} otherwise="This machine has no address that others can see." />
        <p class="hint">
          Have these allowed by the firewall on the other side. Where your network translates addresses (NAT), or there
          are several processes on several machines, it sees other ones: ask whoever runs the network.
        </p>
      </Section>
      <p class="hint">
        EGRESS_ALLOW, EGRESS_DENY and DEPLOYMENT decide, in the environment Keyward is started with. A change needs a
        new start.
      </p>
    </div>
  )
}

function Question({ question }: { question: EgressQuestion }) {
  const { host, port, verdict, errors } = question
  return (
    <Section title="Would this be allowed?">
      {verdict === undefined ? null : (
        <Notice tone={verdict.allowed ? 'success' : 'warning'} title={verdict.allowed ? 'Allowed' : 'Not allowed'}>
          {verdict.sentence}
        </Notice>
      )}
      <Form action={paths.egress()} label="Would this be allowed?">
        <TextField name="host" label="Host" value={host} error={errors?.host} maximumLength={253} />
        <TextField
          name="port"
          label="Port"
          value={port}
          error={errors?.port}
          maximumLength={5}
          inputMode="numeric"
          width="short"
        />
        <Actions>
          <Button variant="secondary">Ask</Button>
        </Actions>
      </Form>
      <p class="hint">Answered by the rules alone: nothing is dialled.</p>
    </Section>
  )
}

function Sentences(props: { of: readonly string[]; otherwise: string }) {
  if (props.of.length === 0) return <p>{props.otherwise}</p>
  return (
    <ul>
      {props.of.map((sentence) => (
        <li>{sentence}</li>
      ))}
    </ul>
  )
}

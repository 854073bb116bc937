import type { DiagnosisHelp } from '../../src/connector/diagnosis-help.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { DiagnosisLadder } from '../ui/diagnosis-ladder.tsx'
import { PageHeader, Section } from '../ui/page-header.tsx'
import { Table } from '../ui/table.tsx'
import { Title } from '../ui/title.tsx'

/** The index of what a sign-in can say. */
export function DiagnosesPage(props: { codes: readonly Pick<DiagnosisHelp, 'code' | 'title'>[] }) {
  return (
    <div class="narrow">
      <Title>What a sign-in can say</Title>
      <PageHeader title="What a sign-in can say" />
      <p>
        A sign-in climbs seven rungs: policy, DNS, TCP, TLS, authentication, database and read. The first that fails
        says one of these.
      </p>
      <Table
        caption="Codes of a diagnosis"
        captionHidden
        columns={[{ label: 'Code' }, { label: 'It means' }]}
        rows={props.codes.map(({ code, title }) => [<a href={paths.diagnosisHelp(code)}>{code}</a>, title])}
      />
    </div>
  )
}

/** What one code means, its usual causes in order, what to do, and how it looks. */
export function DiagnosisPage({ help }: { help: DiagnosisHelp }) {
  return (
    <div class="narrow">
      <Title>{help.code}</Title>
      <Breadcrumbs trail={[{ label: 'What a sign-in can say', href: paths.diagnoses() }]} current={help.code} />
      <PageHeader title={help.code} subtitle={help.title} />
      <p>{help.meaning}</p>
      <Section title="Usual causes">
        <List items={help.causes} />
      </Section>
      <Section title="What to do">
        <List items={help.steps} />
      </Section>
      {help.stores.length === 0 ? null : (
        <Section title="Where it differs">
          <Table
            caption="By data store"
            captionHidden
            columns={[{ label: 'Data store' }, { label: 'There' }]}
            rows={help.stores.map(({ name, text }) => [name, text])}
          />
        </Section>
      )}
      <Section title="How it looks">
        <DiagnosisLadder diagnosis={help.example} label="Example of a diagnosis" linksHelp={false} />
      </Section>
    </div>
  )
}

function List(props: { items: readonly string[] }) {
  return (
    <ol class="steps">
      {props.items.map((item) => (
        <li>{item}</li>
      ))}
    </ol>
  )
}

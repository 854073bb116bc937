import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Child } from 'hono/jsx'
import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import type { Diagnosis } from '../../src/connector/driver.ts'
import { packageRoot } from '../../src/package-root.ts'
import { AccountPicker } from './account-picker.tsx'
import { Badge } from './badge.tsx'
import { Breadcrumbs } from './breadcrumbs.tsx'
import { Button, CancelLink, LinkButton, ResetButton } from './button.tsx'
import { CheckboxField } from './checkbox-field.tsx'
import { ChoiceList } from './choice-list.tsx'
import { ConfirmPage } from './confirm-page.tsx'
import { DiagnosisLadder } from './diagnosis-ladder.tsx'
import { EmptyState } from './empty-state.tsx'
import { ErrorSummary } from './error-summary.tsx'
import { Facts } from './facts.tsx'
import { Flash, FlashUpdate } from './flash.tsx'
import { Form, FormButton } from './form.tsx'
import { Histogram } from './histogram.tsx'
import { ListRow, PanelList } from './list-row.tsx'
import { Live } from './live.tsx'
import { Notice } from './notice.tsx'
import { PageHeader, Section } from './page-header.tsx'
import { Pagination } from './pagination.tsx'
import { PanelFilter, PanelSearch } from './panel-search.tsx'
import { Progress } from './progress.tsx'
import { RadioField } from './radio-field.tsx'
import { Relation, RelationList } from './relation.tsx'
import { SecretField } from './secret-field.tsx'
import { SelectField } from './select-field.tsx'
import { Table } from './table.tsx'
import { Tabs } from './tabs.tsx'
import { TextField } from './text-field.tsx'
import { Time } from './time.tsx'
import { Title } from './title.tsx'
import { TwoPanel } from './two-panel.tsx'

const file = join(packageRoot(), '..', 'shared', 'vectors', 'blns.json')
const ours = [
  '"><script>alert(1)</script>',
  "' onclick='x",
  '</textarea><b>',
  '</title><b>',
  '&lt;b&gt;',
  '\n first line',
]

describe('every component', () => {
  test.each(Object.entries(everyComponent('plain')))('%s, rendered, has no style and no script in it', (_, view) => {
    const { document } = parseHTML(`<!doctype html><body>${view}</body>`)
    for (const element of document.querySelectorAll('body *')) {
      const names = [...element.attributes].map((attribute) => attribute.name)
      expect(names.filter((name) => name === 'style' || name.startsWith('on') || name.startsWith('hx-on'))).toEqual([])
      expect(element.outerHTML).not.toMatch(/(javascript|js):/)
    }
    expect(document.querySelectorAll('script, style').length).toBe(0)
  })

  test('given texts that try to escape, keeps to the elements and attributes it has for plain ones', () => {
    for (const text of ours) expect(shapes(text), JSON.stringify(text)).toEqual(shapes('plain'))
  })

  test('given the big list of naughty strings, keeps to the same', ({ skip }) => {
    skip(!existsSync(file), 'The list of naughty strings (shared/vectors/blns.json) is not beside the project.')
    const plain = shapes('plain')
    // An empty text leaves lines out; that is not an escape.
    const naughty = (JSON.parse(readFileSync(file, 'utf8')) as string[]).filter((text) => text.trim() !== '')
    for (const text of naughty) expect(shapes(text), JSON.stringify(text)).toEqual(plain)
  })
})

function shapes(text: string): Record<string, string[]> {
  return Object.fromEntries(Object.entries(everyComponent(text)).map(([name, view]) => [name, shape(String(view))]))
}

function shape(html: string): string[] {
  const { document } = parseHTML(`<!doctype html><body>${html}</body>`)
  return [...document.querySelectorAll('body *')].map(
    (element) => `${element.tagName} ${[...element.attributes].map((attribute) => attribute.name).join(' ')}`,
  )
}

function everyComponent(text: string): Record<string, Child> {
  const field = { name: 'field', label: text, hint: text, error: text }
  const option = { value: text, label: text, hint: text, warning: text }
  const href = '/somewhere'
  return {
    AccountPicker: (
      <AccountPicker
        action={href}
        differentHref={href}
        label={text}
        hidden={{ a: text }}
        accounts={[{ id: text, name: text, meta: text, isDefault: true }]}
      />
    ),
    Badge: <Badge tone="danger">{text}</Badge>,
    Breadcrumbs: <Breadcrumbs trail={[{ label: text, href }]} current={text} />,
    Button: (
      <Button name="a" value={text} label={text}>
        {text}
      </Button>
    ),
    CancelLink: <CancelLink href={href}>{text}</CancelLink>,
    CheckboxField: <CheckboxField {...field} value={text} />,
    ChoiceList: <ChoiceList label={text} choices={[{ href, name: text, summary: text, badge: text }]} />,
    ConfirmPage: (
      <ConfirmPage
        title={text}
        action={href}
        confirm={text}
        cancelHref={href}
        hidden={{ a: text }}
        keep={{ label: text, name: 'keep', value: text }}
        errors={[{ field: null, message: text }]}
      >
        {text}
      </ConfirmPage>
    ),
    DiagnosisLadder: <DiagnosisLadder diagnosis={failedAt(text)} label={text} />,
    EmptyState: (
      <EmptyState title={text} action={text}>
        {text}
      </EmptyState>
    ),
    ErrorSummary: (
      <ErrorSummary
        title={text}
        errors={[
          { field: 'field', message: text },
          { field: null, message: text },
        ]}
      />
    ),
    Facts: <Facts facts={[{ label: text, value: text }, null]} />,
    Flash: <Flash message={{ tone: 'danger', text }} />,
    FlashUpdate: <FlashUpdate message={{ tone: 'success', text }} />,
    Form: (
      <Form action={href} label={text}>
        {text}
      </Form>
    ),
    FormButton: (
      <FormButton action={href} hidden={{ a: text }} label={text}>
        {text}
      </FormButton>
    ),
    ResetButton: <ResetButton label={text}>{text}</ResetButton>,
    LinkButton: (
      <LinkButton href={href} shortcut="n" download>
        {text}
      </LinkButton>
    ),
    Live: <Live href={href} />,
    Notice: (
      <Notice tone="warning" title={text}>
        {text}
      </Notice>
    ),
    PageHeader: <PageHeader title={text} subtitle={text} actions={text} />,
    Pagination: <Pagination label={text} previous={href} next={href} summary={text} />,
    PanelList: (
      <PanelList label={text}>
        <ListRow href={href} name={text} selected meta={text} badges={text} />
      </PanelList>
    ),
    PanelSearch: (
      <PanelSearch action={href} label={text} value={text}>
        <PanelFilter name="a" label={text} value="b" options={[{ value: text, label: text }]} />
      </PanelSearch>
    ),
    Histogram: <Histogram label={text} edges={[text, '1', text]} counts={[3, 0]} />,
    Progress: <Progress label={text} words={text} value={1} maximum={2} />,
    RadioField: <RadioField {...field} options={[option]} value="other" />,
    RelationList: (
      <RelationList label={text}>
        <Relation name={text} href={href} badges={text} actions={text}>
          {text}
        </Relation>
      </RelationList>
    ),
    SecretField: <SecretField {...field} stored optional clearName="clear" />,
    Section: (
      <Section title={text} actions={text}>
        {text}
      </Section>
    ),
    SelectField: <SelectField {...field} options={[option]} value="other" />,
    Table: <Table caption={text} columns={[{ label: text, numeric: true }]} rows={[[text]]} />,
    Tabs: <Tabs label={text} tabs={[{ label: text, href, current: true }]} />,
    TextArea: <TextField {...field} multiline value={text} />,
    TextField: <TextField {...field} value={text} />,
    Time: <Time at={new Date(0)} now={new Date(0)} />,
    Title: <Title error>{text}</Title>,
    TwoPanel: (
      <TwoPanel label={text} list={text} showing="detail" back={{ href, label: text }}>
        {text}
      </TwoPanel>
    ),
  }
}

function failedAt(text: string): Diagnosis {
  return [
    { name: 'policy', state: 'passed', milliseconds: 0.2, code: 'ok', sentence: text, nextStep: null, detail: null },
    {
      name: 'dns',
      state: 'failed',
      milliseconds: 12,
      code: 'dns.not_found',
      sentence: text,
      nextStep: text,
      detail: text,
    },
    { name: 'tcp', state: 'not reached', milliseconds: null, code: null, sentence: '', nextStep: null, detail: null },
  ]
}

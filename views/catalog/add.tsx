import type { Child } from 'hono/jsx'
import type { Basket, ChosenTable } from '../../src/catalog/basket.ts'
import type { ConnectionDetail } from '../../src/connections/queries.ts'
import type { Diagnosis, Rows, TableEntry } from '../../src/connector/driver.ts'
import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'
import { Actions, Button, CancelLink } from '../ui/button.tsx'
import { ErrorSummary } from '../ui/error-summary.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { TextField } from '../ui/text-field.tsx'
import { Title } from '../ui/title.tsx'
import { ChooseSchema, ChooseTables, ChosenTables } from './choose-tables.tsx'
import { addTrail } from './connections.tsx'
import { Refused } from './refusal.tsx'
import { RowsTable } from './rows.tsx'
import { encodeTable } from './table-value.ts'

export type AddTab = 'schemas' | 'tables' | 'query'

/** What the page holds between its steps; all of it is in the form, so it works without JavaScript and with Back. */
export type AddState = Basket & {
  readonly tab: AddTab
  /** The schema that is looked into; blank for none yet. */
  readonly schema: string
  /** A stored account's id, or the handle of typed credentials; the other is blank. */
  readonly account: string
  readonly held: string
}

export type AddPageProps = {
  readonly connection: ConnectionDetail
  readonly accountName: string
  readonly state: AddState
  /** What the data store answered; null where it was not asked. */
  readonly schemas: readonly string[] | null
  readonly tables: readonly TableEntry[] | null
  /** True where there may be more schemas, or tables, than these. */
  readonly isPartial: boolean
  readonly preview: Rows | null
  readonly refusal: Diagnosis | null
  /** What the data store said about the query; null where it said nothing. */
  readonly said: string | null
  /** By field: `item`, `query`, `dataset`, `rowLimit`, `sample`. */
  readonly errors: Readonly<Record<string, string>>
}

const title = 'Add from data connection'

/** The step of **Add from data connection** where tables are chosen or a query is written. */
export function AddPage(props: AddPageProps) {
  const { connection, state, refusal, errors } = props
  const problems = Object.entries(errors).map(([field, message]) => ({ field, message }))
  const failed = refusal?.find((rung) => rung.state === 'failed')
  if (failed !== undefined) problems.push({ field: state.tab === 'query' ? 'query' : '', message: failed.sentence })
  return (
    <>
      <Title error={problems.length > 0}>{title}</Title>
      <Breadcrumbs trail={addTrail} current={title} />
      <ErrorSummary errors={problems.map(({ field, message }) => ({ field: field || null, message }))} />
      <PageHeader
        title={title}
        subtitle={
          <>
            {connection.name} · <code>{connection.address.address}</code> · as <strong>{props.accountName}</strong>,{' '}
            <a href={paths.addData({ connection: connection.id, account: 'choose' })}>change</a>
          </>
        }
      />
      <form method="post" action={paths.addData({ connection: connection.id })} novalidate>
        <EnterButton />
        <CarriedAccount state={state} />
        <input type="hidden" name="tab" value={state.tab} />
        <input type="hidden" name="schema" value={state.schema} />
        <TabButtons current={state.tab} />
        {refusal === null ? null : <Refused diagnosis={refusal} />}
        {state.tab === 'query' ? <QueryTab {...props} /> : <TablesTab {...props} />}
      </form>
    </>
  )
}

/** Everything chosen so far, as hidden inputs, for a step in between. */
export function CarriedState(props: { state: AddState }) {
  const { state } = props
  return (
    <>
      <input type="hidden" name="tab" value={state.tab} />
      <input type="hidden" name="schema" value={state.schema} />
      <HiddenTables tables={state.tables} />
      <HiddenQuery state={state} />
      <input type="hidden" name="rowLimit" value={state.rowLimit} />
      <input type="hidden" name="sample" value={state.sample} />
    </>
  )
}

/** Enter presses the first button of a form: this one, which does what **Create snapshot** does, and not a tab. */
function EnterButton() {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: it takes no focus (tabindex -1) and is not announced
    <button type="submit" name="intent" value="create" class="visually-hidden" tabindex={-1} aria-hidden="true" />
  )
}

function CarriedAccount(props: { state: AddState }) {
  const { account, held } = props.state
  return account === '' ? (
    <input type="hidden" name="held" value={held} />
  ) : (
    <input type="hidden" name="account" value={account} />
  )
}

const tabs = [
  ['schemas', 'Schemas'],
  ['tables', 'Tables'],
  ['query', 'SQL query'],
] as const

/** Buttons, not links: what is ticked and typed goes along, and a data store is asked by POST only. */
function TabButtons(props: { current: AddTab }) {
  return (
    <nav class="tabs" aria-label="What to add">
      <ul>
        {tabs.map(([tab, label]) => (
          <li>
            <button type="submit" name="intent" value={tab} aria-current={tab === props.current ? 'true' : undefined}>
              {label}
            </button>
          </li>
        ))}
      </ul>
    </nav>
  )
}

function TablesTab(props: AddPageProps) {
  const { state, schemas, tables, isPartial, errors } = props
  const here = new Set((tables ?? []).map((table) => encodeTable({ schema: table.schema, table: table.name })))
  const elsewhere = state.tables.filter((table) => !here.has(encodeTable(table)))
  return (
    <>
      <HiddenQuery state={state} />
      {isPartial ? <NotAll of={tables === null ? 'schemas' : 'tables'} /> : null}
      {tables === null ? null : (
        <ChooseTables schema={state.schema} tables={tables} chosen={state.tables} error={errors.item} />
      )}
      {schemas === null ? null : <ChooseSchema schemas={schemas} />}
      {schemas === null && tables === null ? <ShowSchemas /> : null}
      <ChosenTables
        tables={elsewhere}
        label={tables === null ? 'Chosen tables' : 'Chosen from other schemas'}
        error={tables === null ? errors.item : undefined}
      />
      {tables !== null || state.tables.length > 0 ? (
        <Create state={state} errors={errors} of="each">
          <SampleField state={state} error={errors.sample} />
        </Create>
      ) : (
        <HiddenSample state={state} />
      )}
    </>
  )
}

/** Nobody should take what is not listed for what is not there. */
function NotAll(props: { of: 'schemas' | 'tables' }) {
  return (
    <Notice tone="warning" title={`Not all ${props.of} are listed.`}>
      There are more than one list holds. To reach the others, add a connection that begins deeper, such as in a folder
      of the bucket, or write a query where the data store takes SQL.
    </Notice>
  )
}

/** Looking into a data store uses an account, which takes a button: opening a page never does. */
function ShowSchemas() {
  return (
    <Actions>
      <Button variant="secondary" name="intent" value="schemas">
        Show schemas
      </Button>
    </Actions>
  )
}

function QueryTab(props: AddPageProps) {
  const { state, preview, errors } = props
  return (
    <>
      <HiddenTables tables={state.tables} />
      <HiddenSample state={state} />
      <TextField
        name="query"
        label="SQL query"
        hint="One SELECT. It runs in a read-only transaction."
        value={state.query}
        error={errors.query}
        multiline
        monospace
        rows={8}
        autofocus={Object.keys(errors).length === 0 && props.refusal === null}
      />
      {props.said === null ? null : <pre>{props.said}</pre>}
      <Actions>
        <Button variant="secondary" name="intent" value="preview">
          Preview
        </Button>
      </Actions>
      {preview === null ? null : <PreviewedRows preview={preview} />}
      <TextField
        name="dataset"
        label="Dataset name"
        hint={`Left blank, it is "Query on ${props.connection.name}".`}
        value={state.name}
        error={errors.dataset}
        maximumLength={100}
        optional
      />
      <Create state={state} errors={errors} of="the query" />
    </>
  )
}

function PreviewedRows(props: { preview: Rows }) {
  const { rows, columns } = props.preview
  if (rows.length === 0) return <p role="status">The query works and gives no rows.</p>
  return (
    <>
      <p role="status">{rows.length === 1 ? 'The first row.' : `The first ${rows.length} rows.`} Nothing was stored.</p>
      <RowsTable caption="Preview of the query" columns={columns} rows={rows} />
    </>
  )
}

function SampleField(props: { state: AddState; error: string | undefined }) {
  return (
    <TextField
      name="sample"
      label="Sample"
      hint="So much of each, taken at random: a percentage such as 5 %, or a number of rows such as 10,000. Leave it blank to take rows as they come."
      value={props.state.sample}
      error={props.error}
      width="short"
      maximumLength={20}
      optional
    />
  )
}

function HiddenSample(props: { state: AddState }) {
  return <input type="hidden" name="sample" value={props.state.sample} />
}

function Create(props: {
  state: AddState
  errors: Readonly<Record<string, string>>
  of: 'each' | 'the query'
  children?: Child
}) {
  return (
    <>
      {props.children}
      <TextField
        name="rowLimit"
        label="Row limit"
        hint={`At most this many rows of ${props.of} are taken. Leave it blank to take every row.`}
        value={props.state.rowLimit}
        error={props.errors.rowLimit}
        inputMode="numeric"
        width="short"
        maximumLength={20}
        optional
      />
      <Actions>
        <Button name="intent" value="create">
          Create snapshot
        </Button>
        <Button variant="secondary" name="intent" value="create-dynamic">
          Create dynamic
        </Button>
        <CancelLink href={paths.catalog()} />
      </Actions>
      <p class="hint">
        A snapshot is a copy that is kept here. A dynamic dataset keeps nothing: each look reads it anew.
      </p>
    </>
  )
}

function HiddenTables(props: { tables: readonly ChosenTable[] }) {
  return (
    <>
      {props.tables.map((table) => (
        <input type="hidden" name="item" value={encodeTable(table)} />
      ))}
    </>
  )
}

function HiddenQuery(props: { state: AddState }) {
  return (
    <>
      <input type="hidden" name="query" value={props.state.query} />
      <input type="hidden" name="dataset" value={props.state.name} />
    </>
  )
}

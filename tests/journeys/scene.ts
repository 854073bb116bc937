import pg from 'pg'
import type { UserActor } from '../../src/access/actor.ts'
import { testPassword } from '../../src/testing/actors.ts'
import type { StartedServer } from '../../src/testing/server.ts'
import { found, idIn } from './hands.ts'
import type { People } from './people.ts'
import { createRecorder, type Form, type Recorder } from './recorder.ts'
import type { Store } from './store.ts'

/** An instance as one looks after some months: with whom, and what in it pages are about. */
export type Scene = {
  /** Owns everything, and is an administrator. */
  readonly ada: UserActor
  /** With whom `sales` is shared. */
  readonly colleague: UserActor
  /** Has just got an account. */
  readonly newcomer: UserActor
  readonly sales: string
  readonly shop: string
  readonly stopped: string
  readonly reporting: string
  readonly longName: string
  readonly lonely: string
  readonly customers: string
  readonly failed: string
  readonly endless: string
  /** Two datasets that were added together. */
  readonly addition: string
  /** A dataset of which nothing is stored. */
  readonly dynamic: string
  /** A dataset that is made of another one. */
  readonly combined: string
  readonly failedSignIn: string
  /** An edit that some of what it was tried on works with, and some not. */
  readonly provenEdit: string
  readonly goodSignIn: string
}

const longNames = {
  credential: 'Quarterly revenue reconciliation, northern European subsidiaries, read-only replica, since 2019',
  unbroken: `service_account_${'for_the_nightly_export_of_everything_'.repeat(2)}eu`,
  connection: 'Customer data platform of the northern European subsidiaries, replica in Frankfurt',
}

/** Fills an instance through its pages; what takes months (times of use) is set in its database. */
export async function fillScene(server: StartedServer, people: People, store: Store): Promise<Scene> {
  const ada = people.root
  const recorder = createRecorder(server.origin, () => {})
  await recorder.post('/login', { email: ada.email, password: testPassword })
  const connect = (name: string, host: string, database: string, more: Form = {}) =>
    addConnection(recorder, { name, host, database, port: '5432', tls: 'verify-full', ...more })
  const here = { port: String(store.port), tls: 'disable' }

  const sales = await connect('Sales', 'sales-db.example.com', 'sales')
  const warehouse = await connect('Warehouse', 'warehouse.example.com', 'dwh')
  const long = await connect(
    longNames.connection,
    'cdp-replica-northern-europe-frankfurt-2.internal.example.com',
    'cdp',
  )
  const ledger = await connect('Ledger', '10.20.4.17', 'ledger', { tls: 'require' })
  const shop = await connect('Shop', store.host, store.database, here)
  const stopped = await connect('Orders', 'orders.example.com', 'orders')

  const reporting = await keep(
    recorder,
    'Analytics (read-only)',
    'analytics_ro',
    sales,
    'Dashboards of sales and finance.',
  )
  for (const connection of [warehouse, ledger]) {
    await recorder.post(`/credentials/${reporting}/associations/new`, { connection })
  }
  await recorder.post(`/credentials/${reporting}/edit`, rotated)
  const longName = await keep(recorder, longNames.credential, longNames.unbroken, long)
  await recorder.post(`/credentials/${longName}/associations/new`, { connection: sales })
  await keep(recorder, longNames.unbroken, 'svc', warehouse)
  for (const [name, username] of others) await keep(recorder, name, username, warehouse)
  const lonely = await keep(recorder, 'Old ledger', 'ledger_app')
  await keep(recorder, 'Order desk', 'orders_ro', stopped)
  const account = { type: 'basic', username: store.reader.username, password: store.reader.password }
  const reader = idIn(
    await recorder.post('/credentials/new', { ...account, name: 'Shop reader', connection: shop }),
    'credentials',
  )

  const good = await recorder.post(`/connections/${shop}/sign-ins/new`, { account: reader })
  const mistyped = { type: 'basic', username: store.reader.username, password: 'mistyped', intent: 'sign-in' }
  const bad = await recorder.post(`/connections/${shop}/sign-ins/new`, mistyped)
  await moveOrders(recorder, stopped)
  const { customers, failed, endless, addition, dynamic, combined } = await addDatasets(recorder, store, shop, reader)
  for (const dataset of [customers, endless]) await recorder.post(`/catalog/${dataset}/schedule`, monthly(reader))
  await pretendRuns(server, customers, endless)
  const mirror = await connect('Mirror', store.host, store.database, here)
  for (const connection of [warehouse, mirror]) {
    await recorder.post(`/credentials/${reader}/associations/new`, { connection })
  }
  const edit = await recorder.post(`/credentials/${reader}/edit`, { ...account, name: 'Shop reader', revision: '1' })
  await pretendTime(server, reporting, longName)
  const newcomer = await people.member('Noa')
  const colleague = await people.member('Bartholomew')
  await recorder.post(`/connections/${sales}/sharing`, { email: colleague.email, role: 'editor' })
  await recorder.post(`/credentials/${reporting}/sharing`, { email: colleague.email })
  await recorder.post(`/catalog/${customers}/sharing`, { email: colleague.email, role: 'editor' })
  await shareBack(server, colleague, ada)
  return {
    ...{ ada, colleague, newcomer, sales, shop, stopped, reporting, longName, lonely, customers, failed, endless },
    ...{ addition, dynamic, combined },
    // The address of a sign-in is not on its page, but in its answer to the form.
    goodSignIn: good.path,
    failedSignIn: bad.path,
    provenEdit: edit.path,
  }
}

/** So that there is a version that was replaced. */
const rotated = {
  ...{ revision: '1', name: 'Analytics (read-only)', username: 'analytics_ro', password: 'nobody types this either' },
  ...{ description: 'Dashboards of sales and finance.', intent: 'save' },
}

/** An account of the colleague's that the owner of everything else may use. */
async function shareBack(server: StartedServer, colleague: UserActor, ada: UserActor): Promise<void> {
  const recorder = createRecorder(server.origin, () => {})
  await recorder.post('/login', { email: colleague.email, password: testPassword })
  const theirs = await keep(recorder, 'Quarterly export', 'export_ro')
  await recorder.post(`/credentials/${theirs}/sharing`, { email: ada.email })
}

const others = [
  ['Warehouse loader', 'loader'],
  ['Warehouse read-only', 'analyst'],
  ['Finance month-end', 'finance_close'],
  ['Marketing events', 'mkt_events'],
  ['HR export', 'hr_export'],
  ['Data science sandbox', 'ds_sandbox'],
  ['Payments audit', 'audit_ro'],
] as const

async function addConnection(recorder: Recorder, form: Form): Promise<string> {
  return idIn(await recorder.post('/connections/new?driver=postgresql', form), 'connections')
}

async function keep(recorder: Recorder, name: string, username: string, connection?: string, description = '') {
  const secret = { type: 'basic', name, username, password: 'nobody types this one', description }
  const bond: Form = connection === undefined ? {} : { connection, intent: 'save' }
  return idIn(await recorder.post('/credentials/new', { ...secret, ...bond }), 'credentials')
}

async function moveOrders(recorder: Recorder, id: string): Promise<void> {
  const moved = { name: 'Orders', host: 'orders-2.example.com', port: '5432', database: 'orders', tls: 'verify-full' }
  await recorder.post(`/connections/${id}/edit`, { ...moved, revision: '1', confirmed: 'destination' })
}

const deletion = /\/catalog\/([0-9a-f-]{36})\/deletion/

async function addDatasets(recorder: Recorder, store: Store, connection: string, account: string) {
  const add = (form: Form) =>
    recorder.post(`/catalog/add?connection=${connection}`, { account, intent: 'create', ...form })
  const table = async (name: string) =>
    found(await add({ tab: 'tables', item: JSON.stringify(['public', name]) }), deletion)
  const customers = await table('customers')
  await table('orders')
  await again(recorder, store, customers, account)
  // Before there is another dataset of that name.
  const query = 'SELECT count(*) AS customers FROM customers'
  const combined = found(await recorder.post('/catalog/combine', { query, name: 'Customers, counted' }), deletion)
  await store.sql('create table vanishing (id int); grant select on vanishing to public')
  await store.sql('drop table vanishing')
  const failed = await table('vanishing')
  const endless = await table('endless')
  const today = { tab: 'query', query: 'select * from orders', dataset: 'Orders today', intent: 'create-dynamic' }
  const dynamic = found(await add(today), deletion)
  const both = ['customers', 'orders'].map((name) => JSON.stringify(['public', name]))
  const { path } = await add({ tab: 'tables', item: both, sample: '10 %' })
  const addition = /additions\/([0-9a-f-]{36})/.exec(path)?.[1] ?? ''
  const description = 'Everyone who bought something since 2019, one row each, without those who asked to be forgotten.'
  const words = { name: 'customers', description, tags: 'sales, personal data, north' }
  await recorder.post(`/catalog/${customers}/edit`, { ...words, revision: '1' })
  const gone = await table('orders')
  await recorder.post(`/catalog/${gone}/deletion`, {})
  return { customers, failed, endless, addition, dynamic, combined }
}

/** On a day that no test is run for so long. */
function monthly(account: string): Form {
  return {
    ...{ every: 'month', day: '31', at: '02:30', zone: 'Europe/Berlin', account, catchUp: 'once', revision: '' },
    ...{ keepVersions: '12', keepDays: '' },
  }
}

/** A schedule with a past, and one that is disabled. */
async function pretendRuns(server: StartedServer, customers: string, endless: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.database?.ownerUrl })
  await client.connect()
  try {
    await pretend(client, customers, endless)
  } finally {
    await client.end()
  }
}

async function pretend(client: pg.Client, customers: string, endless: string): Promise<void> {
  await client.query(
    `insert into schedule_runs (id, schedule_id, due_at, trigger, state, attempts, reason)
      select gen_random_uuid(), s.id, now() - n * interval '30 days', 'schedule', past.state, n % 3, why from schedules s,
        (values (1, 'completed', null), (2, 'missed', 'The credentials were paused, because a data store had refused them.'),
          (3, 'failed', 'Nothing answered in time. Check the network between Keyward and the data store.')) as past(n, state, why)
      where s.dataset_id = $1`,
    [customers],
  )
  await client.query(
    `update schedules set state = 'disabled', state_at = now() - interval '1 hour',
      reason = 'The destination of Shop changed since the account was associated with it. Confirm it, then resume the schedule.'
      where dataset_id = $1`,
    [endless],
  )
}

/** A second version in which some rows differ. */
async function again(recorder: Recorder, store: Store, dataset: string, account: string): Promise<void> {
  const completed = async (count: number) => {
    const { text } = await recorder.get(`/catalog/${dataset}`)
    return text.split('>completed<').length > count
  }
  while (!(await completed(1))) await new Promise((resolve) => setTimeout(resolve, 200))
  await store.sql("update customers set note = 'moved' where id <= 3; delete from customers where id = 100")
  await recorder.post(`/catalog/${dataset}/versions/new`, { account })
  while (!(await completed(2))) await new Promise((resolve) => setTimeout(resolve, 200))
}

const times = [
  `update associations set last_sign_in_at = now() - interval '7 minutes', last_sign_in_code = 'ok'
    where last_sign_in_at is null and random() < 0.9`,
  `update associations set last_sign_in_code = 'auth.refused' where credential_id in
    (select id from credentials where name = 'Finance month-end')`,
  `update credentials set expires_at = now() + interval '5 days', expiry_source = 'set' where name = 'Old ledger'`,
  `update credentials set created_at = now() - interval '140 days', updated_at = now() - interval '9 days'`,
  `update credentials set last_used_at = now() - interval '1 hour' * (1 + length(name)) where name <> 'HR export'`,
  `update connections set last_sign_in_at = now() - interval '7 minutes', last_sign_in_code = 'ok'
    where last_sign_in_at is null`,
]

async function pretendTime(server: StartedServer, reporting: string, paused: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.database?.ownerUrl })
  await client.connect()
  try {
    await pretendUses(client, reporting, paused)
  } finally {
    await client.end()
  }
}

async function pretendUses(client: pg.Client, reporting: string, paused: string): Promise<void> {
  // Each by itself: Keyward works on the same rows meanwhile.
  for (const statement of times) await client.query(statement)
  await client.query(
    `insert into connection_health (connection_id, at, code, milliseconds)
      select id, now() - n * interval '1 hour', case when n % 23 = 4 then 'tcp.timeout' when n % 31 = 9 then 'skipped.busy' else 'ok' end,
        40 + n * 7 % 90 from connections, generate_series(1, 70) as n where name in ('Shop', 'Sales')`,
  )
  await client.query(
    `update connections c set health_minutes = 60, health_next_at = now() + interval '40 minutes',
      health_credential_id = case c.name when 'Sales' then $1 else a.credential_id end
      from associations a where a.connection_id = c.id and a.is_default and c.name in ('Shop', 'Sales')`,
    [paused],
  )
  await client.query(
    `with paused as (update credentials c set paused_at = now() - interval '3 minutes', paused_code = 'auth.refused',
        paused_connection_id = s.id from connections s where c.id = $1 and s.name = 'Sales' returning c.*)
      insert into missed_uses (id, organization_id, credential_id, connection_id, purpose, because, first_at, last_at, times)
        select gen_random_uuid(), organization_id, id, paused_connection_id, 'health check', 'paused',
          now() - interval '2 hours', now() - interval '5 minutes', 3 from paused`,
    [paused],
  )
  await client.query(
    `update associations set privileges = '{"at":"2026-11-20T10:00:00.000Z","superuser":false,"canWrite":true}',
      previous_privileges = '{"at":"2026-11-02T10:00:00.000Z","superuser":false,"canWrite":false}' where credential_id = $1`,
    [reporting],
  )
  await client.query(`update credentials set last_used_at = now() - interval '7 minutes' where id = $1`, [reporting])
  await client.query(
    `insert into notifications (id, organization_id, user_id, event, key, resource_type, resource_id, details, read_at)
      select gen_random_uuid(), organization_id, owner_id, told.event, told.event, 'credential', id, told.details::jsonb, told.read
      from credentials, (values ('credential.paused', '{}', null), ('credential.expiring',
        '{"days":7,"expiresAt":"2026-12-24T23:59:59.000Z"}', now())) as told (event, details, read) where id = $1
      union all select gen_random_uuid(), organization_id, owner_id, 'dataset.drifted', 'gone', 'dataset', gen_random_uuid(),
        '{"version":3,"added":1,"removed":0,"changed":2}', null from credentials where id = $1`,
    [paused],
  )
}

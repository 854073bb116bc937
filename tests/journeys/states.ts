import type { Page } from 'playwright'
import type { Scene } from './scene.ts'
import type { Store } from './store.ts'
import { fill, follow, heading, press } from './visit.ts'

/** A page in one of the states people meet it in, and the way there. */
export type State = { readonly name: string; readonly open: (page: Page) => Promise<unknown> }

/** What someone who is not signed in meets. */
export const signedOut: readonly State[] = [
  at('sign-in', '/login'),
  { name: 'sign-in-refused', open: refusedSignIn },
  at('setup-address-used', '/setup?token=nobody'),
  at('not-found-signed-out', '/nothing'),
]

/** What someone meets who has just got an account. */
export const newcomers: readonly State[] = [
  at('credentials-empty', '/credentials'),
  at('connections-empty', '/connections'),
  at('catalog-empty', '/catalog'),
  at('add-data-empty', '/catalog/add'),
  at('activity-empty', '/activity'),
  at('notifications-empty', '/notifications'),
  at('credentials-new-without-connections', '/credentials/new?type=basic'),
  at('forbidden', '/admin/features'),
]

/** What the owner of everything in the scene meets. */
export function ownersStates(scene: Scene, store: Store): readonly State[] {
  return [...credentialStates(scene, store), ...connectionStates(scene, store), ...catalogStates(scene), ...adminStates]
}

const adminStates: readonly State[] = [
  at('activity', '/activity'),
  at('notifications', '/notifications'),
  at('notifications-by-email', '/account/notifications'),
  at('search', '/search?q=or'),
  at('search-nothing-asked', '/search'),
  at('search-too-short', '/search?q=o'),
  at('search-nothing-found', '/search?q=nobody+has+this'),
  at('feature-access', '/admin/features'),
  at('outgoing-connections', '/admin/egress'),
  { name: 'outgoing-connections-refused', open: askedAbout },
  at('storage', '/admin/storage'),
  { name: 'storage-errors', open: noSize },
  at('help-diagnoses', '/help/diagnosis'),
  at('help-diagnosis', '/help/diagnosis/auth.refused'),
  at('users', '/admin/users'),
  at('users-new', '/admin/users/new'),
  { name: 'users-new-errors', open: (page) => emptyForm(page, '/admin/users/new', 'Add user') },
  at('password', '/account/password'),
  at('not-found', '/nothing'),
  {
    name: 'account-menu',
    open: (page) => page.goto('/catalog').then(() => page.locator('#user-menu summary').click()),
  },
  { name: 'shortcuts', open: (page) => page.goto('/credentials').then(() => page.keyboard.press('?')) },
]

function credentialStates(scene: Scene, store: Store): readonly State[] {
  const credential = `/credentials/${scene.reporting}`
  return [
    at('credentials-list', '/credentials'),
    at('credentials-attention', '/credentials?attention=any'),
    at('credentials-select', '/credentials?select=yes'),
    at('credentials', credential),
    at('credentials-paused', `/credentials/${scene.longName}`),
    at('credentials-maintenance', `${credential}/maintenance`),
    {
      name: 'credentials-maintenance-errors',
      open: (page) => emptyForm(page, `${credential}/maintenance`, 'Save maintenance window'),
    },
    at('credentials-without-connections', `/credentials/${scene.lonely}`),
    at('credentials-nothing-found', '/credentials?q=nobody+has+this'),
    at('credentials-types', '/credentials/new'),
    at('credentials-new', '/credentials/new?type=basic'),
    at('credentials-new-key-pair', '/credentials/new?type=snowflake_key_pair_user_account'),
    {
      name: 'credentials-new-errors',
      open: (page) => emptyForm(page, '/credentials/new?type=basic', 'Save and sign in'),
    },
    { name: 'credentials-new-refused', open: (page) => refusedCredentials(page, store) },
    at('credentials-edit', `${credential}/edit`),
    { name: 'credentials-edit-conflict', open: (page) => conflict(page, credential) },
    at('credentials-deletion', `${credential}/deletion`),
    { name: 'credentials-proven-edit', open: (page) => provenEdit(page, scene) },
    { name: 'credentials-split', open: (page) => split(page, scene) },
    { name: 'credentials-split-errors', open: (page) => split(page, scene).then(() => emptySplit(page)) },
    at('credentials-history', `${credential}/history`),
    at('credentials-history-uses', `/credentials/${scene.lonely}/history?kind=uses`),
    at('credentials-restoration', `${credential}/versions/1/restoration`),
    at('credentials-not-shared', `/credentials/${scene.longName}/sharing`),
    at('credentials-sharing', `${credential}/sharing`),
    { name: 'credentials-sharing-errors', open: (page) => emptyForm(page, `${credential}/sharing`, 'Share') },
    at('credentials-share-removal', `${credential}/sharing/${scene.colleague.id}/removal`),
    at('credentials-shared', '/credentials/shared'),
    { name: 'credentials-shared-return', open: (page) => giveBack(page) },
    at('credentials-expiry', `/credentials/${scene.lonely}/expiry`),
    {
      name: 'credentials-expiry-errors',
      open: (page) => emptyForm(page, `${credential}/expiry`, 'Save expiry'),
    },
    at('association-new', `${credential}/associations/new`),
    at('association-removal', `${credential}/associations/${scene.sales}/removal`),
    at('last-association', `/credentials/${scene.lonely}/last-association`),
    { name: 'destination-confirmation', open: (page) => confirmation(page, scene) },
  ]
}

function connectionStates(scene: Scene, store: Store): readonly State[] {
  const connection = `/connections/${scene.shop}`
  return [
    at('connections', '/connections'),
    at('connections-stores', '/connections/new'),
    at('connections-stores-nothing-found', '/connections/new?q=nobody+has+this'),
    at('connections-new', '/connections/new?driver=postgresql'),
    { name: 'connections-new-parameter', open: addedParameter },
    { name: 'connections-new-errors', open: (page) => emptyForm(page, newConnection, 'Add data connection') },
    { name: 'connections-pasted', open: (page) => pasted(page, store) },
    at('connection', connection),
    at('connection-edit', `${connection}/edit`),
    { name: 'connection-edit-stops', open: (page) => stops(page, scene) },
    at('connection-deletion', `${connection}/deletion`),
    at('connection-credentials', `/connections/${scene.sales}/credentials`),
    at('connection-credentials-changed', `/connections/${scene.stopped}/credentials`),
    at('connection-credentials-new', `/connections/${scene.sales}/credentials/new`),
    at('connection-health', `/connections/${scene.shop}/health`),
    at('connection-health-stopped', `/connections/${scene.sales}/health`),
    at('connection-datasets', `${connection}/datasets`),
    at('connection-not-shared', `${connection}/sharing`),
    { name: 'connection-sharing-errors', open: (page) => emptyForm(page, `${connection}/sharing`, 'Share') },
    at('connection-sharing', `/connections/${scene.sales}/sharing`),
    at('connection-share-role', `/connections/${scene.sales}/sharing/${scene.colleague.id}/role`),
    at('connection-share-removal', `/connections/${scene.sales}/sharing/${scene.colleague.id}/removal`),
    at('connection-activity', `/connections/${scene.sales}/activity`),
    at('test-picker', `/connections/${scene.sales}/sign-ins/new`),
    at('test-typed', `${connection}/sign-ins/new?different=yes`),
    at('test-passed', scene.goodSignIn),
    at('test-failed', scene.failedSignIn),
  ]
}

function catalogStates(scene: Scene): readonly State[] {
  return [
    at('catalog', '/catalog'),
    at('catalog-connections', '/catalog/add'),
    at('catalog-account', `/catalog/add?connection=${scene.sales}&account=choose`),
    at('catalog-typed-account', `/catalog/add?connection=${scene.sales}&account=different`),
    { name: 'catalog-schemas', open: (page) => browse(page, 'Schemas') },
    { name: 'catalog-tables', open: (page) => browse(page, 'Tables') },
    { name: 'catalog-query', open: (page) => query(page, 'select id, name, note from customers') },
    { name: 'catalog-query-refused', open: (page) => query(page, 'select nothing from nowhere') },
    at('combine', '/catalog/combine'),
    { name: 'combine-preview', open: (page) => combine(page, 'SELECT * FROM "customers (1)"') },
    { name: 'combine-refused', open: (page) => combine(page, 'SELECT *\nFORM customers') },
    at('profile', `/catalog/${scene.customers}/versions/1/profile`),
    at('compare', `/catalog/${scene.customers}/comparison`),
    { name: 'compared', open: (page) => compare(page, scene) },
    at('dataset', `/catalog/${scene.customers}`),
    at('dataset-failed', `/catalog/${scene.failed}`),
    at('dataset-running', `/catalog/${scene.endless}`),
    at('dataset-rows', `/catalog/${scene.customers}/versions/1/rows?page=2`),
    at('dataset-deletion', `/catalog/${scene.customers}/deletion`),
    at('schedule', `/catalog/${scene.customers}/schedule`),
    at('schedule-new', `/catalog/${scene.failed}/schedule`),
    at('schedule-disabled', `/catalog/${scene.endless}/schedule`),
    at('schedule-preview', `/catalog/${scene.failed}/schedule?every=week&days=1&days=5&at=02:30&zone=Asia/Kathmandu`),
    at('schedule-errors', `/catalog/${scene.failed}/schedule?every=cron&cron=always&zone=Mars`),
    at('schedule-combined', `/catalog/${scene.combined}/schedule`),
    at('schedule-dynamic', `/catalog/${scene.dynamic}/schedule`),
    at('schedule-deletion', `/catalog/${scene.customers}/schedule/deletion`),
    at('catalog-nothing-found', '/catalog?q=nobody+has+this'),
    at('catalog-tag', '/catalog?tag=north&sort=name'),
    at('catalog-deleted', '/catalog/deleted'),
    at('catalog-addition', `/catalog/additions/${scene.addition}`),
    at('dataset-dynamic', `/catalog/${scene.dynamic}`),
    { name: 'dataset-dynamic-rows', open: (page) => look(page, scene) },
    at('dataset-look', `/catalog/${scene.dynamic}/look`),
    at('dataset-snapshot', `/catalog/${scene.dynamic}/snapshot`),
    at('dataset-edit', `/catalog/${scene.customers}/edit`),
    { name: 'dataset-edit-errors', open: (page) => wrongTags(page, scene) },
    { name: 'dataset-edit-conflict', open: (page) => datasetConflict(page, scene) },
    at('dataset-sharing', `/catalog/${scene.customers}/sharing`),
    at('dataset-not-shared', `/catalog/${scene.dynamic}/sharing`),
    { name: 'dataset-sharing-errors', open: (page) => emptyForm(page, `/catalog/${scene.customers}/sharing`, 'Share') },
    at('dataset-share-role', `/catalog/${scene.customers}/sharing/${scene.colleague.id}/role`),
    at('dataset-share-removal', `/catalog/${scene.customers}/sharing/${scene.colleague.id}/removal`),
    at('dataset-version-deletion', `/catalog/${scene.customers}/versions/1/deletion`),
    { name: 'dataset-erasure', open: erasure },
    at('dataset-new-version', `/catalog/${scene.customers}/versions/new?account=different`),
  ]
}

function at(name: string, path: string): State {
  return { name, open: (page) => page.goto(path) }
}

async function refusedSignIn(page: Page): Promise<void> {
  await page.goto('/login')
  await fill(page, { 'E-mail': 'somebody@example.com', Password: 'not the password' })
  await press(page, 'Sign in')
  await page.locator('#error-summary').waitFor()
}

async function refusedCredentials(page: Page, store: Store): Promise<void> {
  await page.goto('/credentials/new?type=basic')
  await fill(page, { 'Account name': 'Shop writer', Username: store.reader.username, Password: 'not the password' })
  await page.getByLabel('Data connection').selectOption('Shop')
  await press(page, 'Save and sign in')
  await page.getByRole('list', { name: 'Diagnosis' }).waitFor()
}

/** As if someone else had saved meanwhile: the form's revision is put back. */
async function conflict(page: Page, credential: string): Promise<void> {
  await page.goto(`${credential}/edit`)
  await page.evaluate(`document.querySelector('[name=revision]').setAttribute('value', '9')`)
  await fill(page, { 'Description (optional)': 'Dashboards of the sales team and of finance.' })
  await press(page, 'Save and sign in')
  await page.getByRole('table', { name: 'Both sides' }).waitFor()
}

async function look(page: Page, scene: Scene): Promise<void> {
  await page.goto(`/catalog/${scene.dynamic}`)
  await press(page, 'Show rows')
  await page.getByText('Nothing was stored').waitFor()
}

async function wrongTags(page: Page, scene: Scene): Promise<void> {
  await page.goto(`/catalog/${scene.customers}/edit`)
  await fill(page, { 'Dataset name': '', 'Tags (optional)': 'x'.repeat(51) })
  await press(page, 'Save dataset')
  await page.locator('#error-summary').waitFor()
}

/** As if someone else had saved meanwhile: the form's revision is put back. */
async function datasetConflict(page: Page, scene: Scene): Promise<void> {
  await page.goto(`/catalog/${scene.customers}/edit`)
  await page.evaluate(`document.querySelector('[name=revision]').setAttribute('value', '9')`)
  await fill(page, { 'Description (optional)': 'Everyone who bought something.' })
  await press(page, 'Save dataset')
  await page.getByRole('table', { name: 'Both sides' }).waitFor()
}

async function erasure(page: Page): Promise<void> {
  await page.goto('/catalog/deleted')
  await page
    .getByRole('link', { name: /^Delete for good/ })
    .first()
    .click()
  await heading(page, /for good$/)
}

async function giveBack(page: Page): Promise<void> {
  await page.goto('/credentials/shared')
  await follow(page, 'Give back Quarterly export')
  await heading(page, 'Give back Quarterly export')
}

/** Its trials are over when they can be split. */
async function provenEdit(page: Page, scene: Scene): Promise<void> {
  await page.goto(scene.provenEdit)
  await page.getByRole('main').getByRole('link', { name: 'Split', exact: true }).waitFor({ timeout: 60_000 })
}

async function split(page: Page, scene: Scene): Promise<void> {
  await provenEdit(page, scene)
  await follow(page, 'Split')
  await heading(page, 'Split Shop reader')
}

async function emptySplit(page: Page): Promise<void> {
  await fill(page, { 'Account name for the old secret': '' })
  await press(page, 'Split')
  await page.locator('#error-summary').waitFor()
}

async function confirmation(page: Page, scene: Scene): Promise<void> {
  await page.goto(`/connections/${scene.stopped}/credentials`)
  await follow(page, 'Confirm destination')
  await heading(page, 'Confirm destination')
}

const newConnection = '/connections/new?driver=postgresql'

async function emptyForm(page: Page, path: string, button: string): Promise<void> {
  await page.goto(path)
  await press(page, button)
  await page.locator('#error-summary').waitFor()
}

async function pasted(page: Page, store: Store): Promise<void> {
  await page.goto('/connections/new?driver=postgresql')
  await page.getByText('Paste an address instead').click()
  await fill(page, { Address: `postgresql://reporting:secret@${store.host}:${store.port}/sales?connect_timeout=3` })
  await press(page, 'Fill in the fields')
  await page.getByText('The address held a username and a password').waitFor()
}

async function addedParameter(page: Page): Promise<void> {
  await page.goto(newConnection)
  await page.getByLabel('Other parameters').selectOption('Search path')
  await press(page, 'Add parameter')
  await page.getByLabel('Search path (optional)').waitFor()
}

async function askedAbout(page: Page): Promise<void> {
  await page.goto('/admin/egress')
  await fill(page, { Host: '169.254.169.254', Port: '80' })
  await press(page, 'Ask')
  await page.getByText('Not allowed').waitFor()
}

async function noSize(page: Page): Promise<void> {
  await page.goto('/admin/storage')
  await fill(page, { 'Snapshots may take (optional)': 'much' })
  await press(page, 'Save limit')
  await page.getByText('That is no size.').first().waitFor()
}

async function stops(page: Page, scene: Scene): Promise<void> {
  await page.goto(`/connections/${scene.sales}/edit`)
  await fill(page, { Host: 'sales-db-2.example.com' })
  await press(page, 'Save connection')
  await page.getByText('These accounts stop until').waitFor()
}

async function browse(page: Page, tab: 'Schemas' | 'Tables'): Promise<void> {
  await page.goto('/catalog/add')
  await page.getByRole('button', { name: /^Shop/ }).click()
  await press(page, tab)
  await page.getByRole('button', { name: tab, exact: true }).and(page.locator('[aria-current]')).waitFor()
  await page
    .getByRole(tab === 'Tables' ? 'group' : 'list', { name: tab })
    .first()
    .waitFor()
}

async function query(page: Page, text: string): Promise<void> {
  await page.goto('/catalog/add')
  await page.getByRole('button', { name: /^Shop/ }).click()
  await press(page, 'SQL query')
  await fill(page, { 'SQL query': text })
  await press(page, 'Preview')
  await page
    .getByText(/Nothing was stored|There is a problem/)
    .first()
    .waitFor()
}

async function combine(page: Page, text: string): Promise<void> {
  await page.goto('/catalog/combine')
  await fill(page, { 'SQL query': text })
  await press(page, 'Preview')
  await page
    .getByText(/Nothing was stored|There is a problem/)
    .first()
    .waitFor()
}

async function compare(page: Page, scene: Scene): Promise<void> {
  await page.goto(`/catalog/${scene.customers}/comparison`)
  await page.getByLabel('Column that tells rows apart').selectOption('id')
  await press(page, 'Compare')
  await page.getByText('rows changed').waitFor()
}

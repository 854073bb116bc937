import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import { Hono } from 'hono'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Actions, Button, CancelLink, LinkButton } from '../../views/ui/button.tsx'
import { ErrorSummary } from '../../views/ui/error-summary.tsx'
import { Form, FormButton } from '../../views/ui/form.tsx'
import { ListRow, PanelList } from '../../views/ui/list-row.tsx'
import { Live } from '../../views/ui/live.tsx'
import { PageHeader } from '../../views/ui/page-header.tsx'
import { PanelSearch } from '../../views/ui/panel-search.tsx'
import { SecretField } from '../../views/ui/secret-field.tsx'
import { TextField } from '../../views/ui/text-field.tsx'
import { Title } from '../../views/ui/title.tsx'
import { TwoPanel } from '../../views/ui/two-panel.tsx'
import { createLog } from '../log.ts'
import { browserPath, launchBrowser, openPage } from '../testing/browser.ts'
import type { AppContext, AppEnv } from './app-context.ts'
import { loadAssets } from './assets.ts'
import { failureRenderer } from './failures.tsx'
import { setFlash } from './flash.ts'
import { renderer } from './render.tsx'
import { securityHeaders } from './security.ts'

const posts: string[] = []
let server: ServerType
let browser: Browser
let origin = ''

beforeAll(async () => {
  if (browserPath === undefined) return
  const app = createPages()
  await new Promise<void>((listening) => {
    server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => listening())
  })
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser?.close()
  server?.close()
})

describe.skipIf(browserPath === undefined)('the client script', () => {
  test('following a link, swaps the content, the title, the section and the focus without loading a page', async () => {
    await visit('/credentials', async (page) => {
      await page.getByRole('link', { name: 'Account 7' }).click()
      await page.waitForURL('**/credentials/7')
      await expectSoon(() => page.title(), 'Account 7 · Keyward')
      await expectSoon(() => focused(page), 'H1 Account 7')
      expect(await page.evaluate('window.sameDocument')).toBe(true)
      await page.getByRole('link', { name: 'Catalog' }).click()
      await expectSoon(() => page.locator('.main-navigation [aria-current]').textContent(), 'Catalog')
      await page.goBack()
      await expectSoon(() => page.title(), 'Account 7 · Keyward')
      await expectSoon(() => page.locator('.main-navigation [aria-current]').textContent(), 'Credentials')
      expect(await page.evaluate('window.sameDocument')).toBe(true)
    })
  })

  test('after a refused form, focuses the summary, keeps what was typed but the secret, and adds no history', async () => {
    await visit('/credentials/new', async (page) => {
      const before = await page.evaluate('history.length')
      await page.getByLabel('Username').fill('reporting')
      await page.getByLabel('Password').fill('hunter2')
      await page.keyboard.press('Enter')
      await expectSoon(() => focused(page), 'DIV There is a problem')
      expect(await page.title()).toBe('Error: Add new credentials · Keyward')
      expect(await page.getByLabel('Username').inputValue()).toBe('reporting')
      expect(await page.getByLabel('Password').inputValue()).toBe('')
      expect(await page.evaluate('history.length')).toBe(before)
    })
  })

  test('moving to a form with a field of the same name, does not carry over what was typed', async () => {
    await visit('/credentials/new', async (page) => {
      await page.getByLabel('Account name').fill('half')
      await page.getByLabel('Password').fill('hunter2')
      await page.keyboard.press('Escape')
      await page.waitForURL('**/credentials')
      await page.goto(`${origin}/credentials/new`)
      await page.getByLabel('Password').fill('hunter2')
      await page.getByRole('link', { name: 'Edit another' }).click()
      await expectSoon(() => page.getByLabel('Account name').inputValue(), 'Other')
      expect(await page.getByLabel('Password').inputValue()).toBe('')
    })
  })

  test('pressed twice, a button posts once', async () => {
    await visit('/credentials/7', async (page) => {
      posts.length = 0
      await page.getByRole('button', { name: 'Make default' }).dblclick()
      await expectSoon(
        () => page.locator('#flash').textContent(),
        'This account is now the default of the data connection.',
      )
      await expectSoon(() => page.locator('[aria-busy]').count(), 0)
      expect(posts).toEqual(['/default'])
    })
  })

  test('when the server fails, shows the message and leaves the form and the address', async () => {
    await visit('/credentials/new', async (page, complaints) => {
      await page.getByLabel('Account name').fill('fail')
      await page.keyboard.press('Enter')
      await expectSoon(() => page.locator('#flash [role=alert]').count(), 1)
      expect(await page.getByLabel('Account name').inputValue()).toBe('fail')
      expect(page.url()).toBe(`${origin}/credentials/new`)
      complaints.length = 0
    })
  })

  test('when nobody answers, says so and keeps what was typed, and the next press goes through', async () => {
    await visit('/credentials/new', async (page, complaints) => {
      await page.getByLabel('Account name').fill('kept')
      await page.route('**/credentials/new', (route) => route.abort('connectionrefused'))
      await page.keyboard.press('Enter')
      await expectSoon(
        async () => (await page.locator('#flash [role=alert]').textContent())?.slice(0, 23),
        'Keyward did not answer.',
      )
      expect(await page.getByLabel('Account name').inputValue()).toBe('kept')
      await page.unroute('**/credentials/new')
      await page.getByLabel('Account name').press('Enter')
      await expectSoon(() => focused(page), 'DIV There is a problem')
      expect(await page.locator('#flash [role=alert]').count()).toBe(0)
      complaints.length = 0
    })
  })

  test('keys lead where they say, except while typing and when turned off', async () => {
    await visit('/catalog', async (page) => {
      await page.keyboard.press('g')
      await page.keyboard.press('c')
      await page.waitForURL('**/credentials')
      await page.keyboard.press('n')
      await page.waitForURL('**/credentials/new')
      await expectSoon(() => focused(page), 'INPUT')
      await page.keyboard.type('gan?')
      expect(await page.getByLabel('Account name').inputValue()).toBe('gan?')
      await page.keyboard.press('Escape')
      await page.waitForURL('**/credentials')
      await expectSoon(() => focused(page), 'H1 Credentials management')
      await page.keyboard.press('?')
      await page.getByRole('dialog').getByRole('checkbox').uncheck()
      await page.keyboard.press('Escape')
      await expectSoon(() => page.getByRole('dialog').count(), 0)
      await page.keyboard.press('n')
      await page.keyboard.press('/')
      expect(page.url()).toBe(`${origin}/credentials`)
    })
  })

  test('searching, finds while typing, keeps the cursor, and the arrows go on into the list', async () => {
    await visit('/credentials', async (page) => {
      await page.keyboard.press('/')
      await page.keyboard.type('account 2')
      await expectSoon(() => page.locator('.list-row').count(), 2)
      expect(await focused(page)).toBe('INPUT')
      expect(await page.getByRole('main').getByRole('searchbox').inputValue()).toBe('account 2')
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('ArrowDown')
      expect(await focused(page)).toBe('A Account 20')
    })
  })

  test('on a page that keeps itself fresh, stops asking when there is nothing to wait for', async () => {
    await visit('/activity', async (page) => {
      await expectSoon(() => page.getByText('Done.').count(), 1)
      expect(await page.locator('main [hx-trigger]').count()).toBe(0)
    })
  })

  test('turned off in the browser, leaves forms and the menu working and nothing dead', async () => {
    const { context, page } = await openPage(browser, { javaScriptEnabled: false })
    await page.goto(`${origin}/credentials/new`)
    await page.getByRole('button', { name: 'Save and sign in' }).click()
    expect(await page.title()).toBe('Error: Add new credentials · Keyward')
    await page.locator('.user-menu summary').click()
    expect(await page.getByRole('link', { name: 'Credentials management' }).isVisible()).toBe(true)
    expect(await page.locator('[data-shortcuts]').isVisible()).toBe(false)
    await context.close()
  })
})

async function visit(path: string, act: (page: Page, complaints: string[]) => Promise<void>): Promise<void> {
  const { context, page, complaints } = await openPage(browser)
  await page.goto(origin + path)
  await page.evaluate('window.sameDocument = true')
  await act(page, complaints)
  expect(complaints).toEqual([])
  await context.close()
}

async function expectSoon<T>(read: () => Promise<T>, wanted: T): Promise<void> {
  await expect.poll(read, { timeout: 10_000 }).toEqual(wanted)
}

/** The tag that has the focus, with the first words in it. */
function focused(page: Page): Promise<string> {
  return page.evaluate(
    `(({ tagName, innerText }) => (tagName + ' ' + innerText.split('\\n')[0]).trim())(document.activeElement)`,
  )
}

function createPages() {
  const app = new Hono<AppEnv>()
  const assets = loadAssets()
  app.use(async (c, next) => {
    c.set('actor', actor)
    c.set('storedCredentials', true)
    await next()
  })
  app.use(renderer(assets))
  app.use(securityHeaders)
  app.onError(failureRenderer(createLog({ level: 'silent' })))
  app.get('/assets/:name', (c) => assets.serveAsset(c))
  app.get('/catalog', (c) => c.render(<Plain title="Catalog" />))
  app.get('/activity', progressPage())
  app.get('/credentials', (c) => c.render(<Credentials search={c.req.query('q') ?? ''} />))
  app.get('/credentials/new', (c) => c.render(<NewCredential />))
  app.post('/credentials/new', async (c) => {
    const typed = (await c.req.parseBody()) as Record<string, string>
    if (typed.name === 'fail') throw new Error('as asked')
    c.status(422)
    return c.render(<NewCredential typed={typed} />)
  })
  app.get('/credentials/:id{[0-9]+}', (c) => c.render(<Credentials search="" selected={c.req.param('id')} />))
  app.get('/other', (c) => c.render(<NewCredential typed={{ name: 'Other', username: 'other' }} />))
  app.post('/default', async (c) => {
    posts.push(c.req.path)
    await new Promise((resolve) => setTimeout(resolve, 300))
    setFlash(c, 'association-default')
    return c.redirect('/credentials/7', 303)
  })
  return app
}

const actor = {
  kind: 'user',
  id: 'u',
  organizationId: 'o',
  role: 'administrator',
  name: 'Ada',
  email: 'ada@example.com',
  address: null,
  requestId: null,
} as const

function progressPage() {
  let asked = 0
  return (c: AppContext) =>
    c.render(
      <>
        <Title>Activity</Title>
        <PageHeader title="Activity" />
        {asked++ < 2 ? <Live href="/activity" seconds={1} /> : <p>Done.</p>}
      </>,
    )
}

function Plain(props: { title: string }) {
  return (
    <>
      <Title>{props.title}</Title>
      <PageHeader title={props.title} />
    </>
  )
}

function Credentials(props: { search: string; selected?: string }) {
  const names = Array.from({ length: 21 }, (_, index) => `Account ${index}`)
  const title = props.selected === undefined ? 'Credentials management' : `Account ${props.selected}`
  return (
    <TwoPanel
      label="Credentials"
      showing={props.selected === undefined ? 'list' : 'detail'}
      back={{ href: '/credentials', label: 'Credentials' }}
      list={
        <>
          <LinkButton href="/credentials/new" shortcut="n">
            + Add new credentials
          </LinkButton>
          <PanelSearch action="/credentials" label="Search credentials" value={props.search} />
          <PanelList label="Credentials">
            {names.map((name, index) =>
              name.toLowerCase().includes(props.search) ? <ListRow href={`/credentials/${index}`} name={name} /> : null,
            )}
          </PanelList>
        </>
      }
    >
      <Plain title={title} />
      <FormButton action="/default">Make default</FormButton>
    </TwoPanel>
  )
}

function NewCredential(props: { typed?: Record<string, string> }) {
  const refused = props.typed !== undefined && props.typed.name !== 'Other'
  return (
    <div class="narrow">
      <Title error={refused}>Add new credentials</Title>
      <ErrorSummary errors={refused ? [{ field: 'name', message: 'Enter an account name.' }] : []} />
      <PageHeader title="Add new credentials" actions={<a href="/other">Edit another</a>} />
      <Form action="/credentials/new">
        <TextField name="name" label="Account name" value={props.typed?.name} autofocus={!refused} />
        <TextField name="username" label="Username" value={props.typed?.username} />
        <SecretField name="password" label="Password" />
        <Actions>
          <Button>Save and sign in</Button>
          <CancelLink href="/credentials" />
        </Actions>
      </Form>
    </div>
  )
}

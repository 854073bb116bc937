import type { Child } from 'hono/jsx'
import { paths } from '../src/paths.ts'
import { Bell } from './ui/bell.tsx'
import { Flash, type FlashMessage } from './ui/flash.tsx'
import { FormButton } from './ui/form.tsx'
import { SiteSearch } from './ui/site-search.tsx'

/** Addresses of the static files, with content hashes; src/http/assets.ts has them. */
export type AssetUrls = { url(name: 'app.css' | 'app.js' | 'htmx.js' | 'icon.svg'): string }

/** The entries of the main navigation. */
export type NavigationSection = 'catalog' | 'connections' | 'credentials' | 'activity'

/** What the document around a view needs to know. */
export type DocumentProps = {
  /** Who is signed in, or null: then there is neither navigation nor user menu. */
  readonly actor: { readonly name: string; readonly email: string; readonly role: 'member' | 'administrator' } | null
  readonly features: { readonly storedCredentials: boolean }
  /** How many notifications are not read, at most one more than are counted. */
  readonly unread: number
  /** What the page of the search looks for; null on other pages. */
  readonly search: string | null
  readonly section: NavigationSection | null
  readonly assets: AssetUrls
  /** True where the page came over plain HTTP to another machine. */
  readonly insecure: boolean
  readonly flash: FlashMessage | null
}

// htmx reads this before anything else: no style sheet of its own, only `hx-` attributes, no extensions, and no
// requests to other origins. Answers from 400 on are swapped like others (docs/decisions/050).
const htmxConfig = JSON.stringify({ includeIndicatorCSS: false, prefix: '', extensions: 'none', mode: 'same-origin' })

/** The document around a view. It sets no `<title>`: the view's is moved into the head. */
export function Document(props: DocumentProps & { children?: Child }) {
  const { assets } = props
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="htmx-config" content={htmxConfig} />
        <link rel="stylesheet" href={assets.url('app.css')} />
        <link rel="icon" href={assets.url('icon.svg')} type="image/svg+xml" />
        <script src={assets.url('htmx.js')} defer />
        <script src={assets.url('app.js')} defer />
      </head>
      <body
        hx-boost:inherited="true"
        hx-target:inherited="#main"
        hx-swap:inherited="innerMorph show:none"
        hx-sync:inherited="#main:replace"
      >
        <a class="skip-link" href="#main">
          Skip to content
        </a>
        <TopBar {...props} />
        {props.insecure ? <InsecureWarning /> : null}
        <div id="flash">{props.flash === null ? null : <Flash message={props.flash} />}</div>
        <main id="main" tabindex={-1}>
          {props.children}
        </main>
        {props.actor === null ? null : (
          <>
            <Unanswered />
            <ShortcutHelp storedCredentials={props.features.storedCredentials} />
          </>
        )}
      </body>
    </html>
  )
}

function TopBar(props: DocumentProps) {
  return (
    <header class="top-bar">
      <div class="top-bar-line">
        <a class="product" href={paths.home()}>
          <img src={props.assets.url('icon.svg')} alt="" width="20" height="20" />
          Keyward
        </a>
        {props.actor === null ? null : (
          <>
            <MainNavigation section={props.section} storedCredentials={props.features.storedCredentials} />
            <SiteSearch text={props.search} />
            <div id="bell">
              <Bell unread={props.unread} />
            </div>
            <UserMenu actor={props.actor} storedCredentials={props.features.storedCredentials} />
          </>
        )}
      </div>
    </header>
  )
}

function MainNavigation(props: { section: NavigationSection | null; storedCredentials: boolean }) {
  const entries = [
    { section: 'catalog', label: 'Catalog', href: paths.catalog(), keys: 'g a' },
    { section: 'connections', label: 'Data connections', href: paths.connections(), keys: 'g d' },
    { section: 'credentials', label: 'Credentials', href: paths.credentials(), keys: 'g c' },
    { section: 'activity', label: 'Activity', href: paths.activity(), keys: undefined },
  ] as const
  return (
    <nav class="main-navigation" aria-label="Main">
      <ul>
        {entries
          .filter((entry) => entry.section !== 'credentials' || props.storedCredentials)
          .map((entry) => (
            <li>
              <a
                href={entry.href}
                data-shortcut={entry.keys}
                aria-current={entry.section === props.section ? 'page' : undefined}
              >
                {entry.label}
              </a>
            </li>
          ))}
      </ul>
    </nav>
  )
}

function UserMenu(props: { actor: NonNullable<DocumentProps['actor']>; storedCredentials: boolean }) {
  const { actor } = props
  return (
    <details class="user-menu" id="user-menu">
      <summary>
        <span class="visually-hidden">Account: </span>
        <span class="user-menu-name">{actor.name}</span>
      </summary>
      <div class="user-menu-sheet">
        <p class="user-menu-who">
          {actor.name}
          <br />
          <span class="muted">{actor.email}</span>
        </p>
        <ul>
          <MenuLink href={paths.connections()}>Data connections</MenuLink>
          {props.storedCredentials ? <MenuLink href={paths.credentials()}>Credentials management</MenuLink> : null}
          <MenuLink href={paths.notificationChoices()}>Notifications by e-mail</MenuLink>
          <MenuLink href={paths.ownPassword()}>Change password</MenuLink>
          {actor.role === 'administrator' ? <MenuLink href={paths.users()}>Users</MenuLink> : null}
          {actor.role === 'administrator' ? <MenuLink href={paths.features()}>Feature access</MenuLink> : null}
          {actor.role === 'administrator' ? <MenuLink href={paths.egress()}>Outgoing connections</MenuLink> : null}
          {actor.role === 'administrator' ? <MenuLink href={paths.storage()}>Storage</MenuLink> : null}
          <li>
            {/* app.js shows it: without JavaScript there are no shortcuts to list. */}
            <button type="button" data-shortcuts="" hidden>
              Keyboard shortcuts
            </button>
          </li>
          <li>
            <FormButton action={paths.logout()} variant="plain" fullPage>
              Sign out
            </FormButton>
          </li>
        </ul>
      </div>
    </details>
  )
}

function MenuLink(props: { href: string; children: Child }) {
  return (
    <li>
      <a href={props.href}>{props.children}</a>
    </li>
  )
}

function InsecureWarning() {
  return (
    <section class="insecure" aria-label="Warning">
      <strong>This connection is not encrypted.</strong> Anyone on the network between you and Keyward can read what you
      type. Open Keyward over HTTPS, or from the machine it runs on.
    </section>
  )
}

/** What app.js says where a request reached nobody; without JavaScript the browser says it. */
function Unanswered() {
  const text =
    'Keyward did not answer. What you typed is still here. Check your network, and try again in a moment; if this stays, tell your administrator.'
  return (
    <template id="unanswered-template">
      <Flash message={{ tone: 'danger', text }} />
    </template>
  )
}

function ShortcutHelp(props: { storedCredentials: boolean }) {
  const keys = [
    ['/', 'Search on this page, or everywhere'],
    ['g s', 'Search everywhere'],
    ['n', 'New'],
    ['e', 'Edit'],
    ['t', 'Test'],
    ...(props.storedCredentials ? [['g c', 'Go to Credentials']] : []),
    ['g d', 'Go to Data connections'],
    ['g a', 'Go to Catalog'],
    ['↑ ↓', 'Move in the list on the left, or in what was found'],
    ['Esc', 'Cancel'],
    ['?', 'This list'],
  ] as const
  return (
    <template id="shortcuts-template">
      <dialog class="shortcuts" aria-labelledby="shortcuts-title">
        <h2 id="shortcuts-title">Keyboard shortcuts</h2>
        <dl class="keys">
          {keys.map(([key, meaning]) => (
            <div>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
        <div class="choice">
          <input type="checkbox" id="shortcuts-on" />
          <label for="shortcuts-on">Use single-key shortcuts in this browser</label>
        </div>
        <form method="dialog" class="actions">
          <button type="submit" class="button button-secondary">
            Close
          </button>
        </form>
      </dialog>
    </template>
  )
}

import { CredentialHistory } from '../../../views/credentials/history.tsx'
import { RestorationPage } from '../../../views/credentials/restoration.tsx'
import type { UserActor } from '../../access/actor.ts'
import { NotFound } from '../../access/refusals.ts'
import { type History, type HistoryKind, historyKinds, type VersionRow } from '../../credentials/history.ts'
import { historyCsv } from '../../credentials/history-csv.ts'
import type { CredentialQueries } from '../../credentials/queries.ts'
import type { Vault } from '../../credentials/vault.ts'
import { paths } from '../../paths.ts'
import { setFlash } from '../flash.ts'
import { readForm } from '../form.ts'
import { type AppContext, Routes, withStoredCredentials } from '../routing.ts'
import { selectedPage } from './credentials.tsx'

type Dependencies = {
  readonly vault: Pick<Vault, 'restore'>
  readonly credentialQueries: CredentialQueries
  readonly history: History
}

/** The tab **History** of a credential, its file, and the page that restores a version. */
export function credentialHistoryRoutes(deps: Dependencies): Routes {
  const { vault, credentialQueries: queries, history } = deps
  const routes = new Routes()

  routes.get('/credentials/:id/history', withStoredCredentials, async (c, actor) => {
    const detail = await queries.show(actor, idOf(c))
    const { id } = detail
    const kind = kindOf(c)
    const [before, versionsBefore] = [numberFrom(c, 'before'), numberFrom(c, 'versions')]
    const versions = await history.versions(actor, id, versionsBefore ?? undefined)
    const entries = await history.entries(actor, id, kind, before ?? undefined)
    const content = <CredentialHistory {...{ id, kind, before, versionsBefore, versions, entries }} />
    return c.render(await selectedPage(c, actor, queries, detail, { tab: 'History', content }))
  })

  routes.get('/credentials/:id/history.csv', withStoredCredentials, async (c, actor) => {
    const file = await historyCsv(history, actor, idOf(c), kindOf(c))
    c.header('Content-Disposition', 'attachment; filename="credential-history.csv"')
    c.header('Content-Type', 'text/csv; charset=utf-8; header=present')
    c.header('Cache-Control', 'no-store')
    if (c.req.method !== 'HEAD') return c.body(file)
    await file.cancel()
    return c.body(null)
  })

  /** The page that asks; null where that version cannot be restored. */
  async function restorationPage(c: AppContext, actor: UserActor, error?: string) {
    const detail = await queries.show(actor, idOf(c))
    const version = await oneVersion(actor, detail.id, versionOf(c))
    if (version.state !== 'restorable') return null
    return <RestorationPage detail={detail} version={version} {...(error === undefined ? {} : { error })} />
  }

  async function oneVersion(actor: UserActor, id: string, version: number): Promise<VersionRow> {
    const [row] = (await history.versions(actor, id, version + 1)).rows
    if (row?.version !== version) throw new NotFound()
    return row
  }

  function notRestorable(c: AppContext) {
    setFlash(c, 'version-gone')
    return c.redirect(paths.credentialHistory(idOf(c)), 303)
  }

  routes.get('/credentials/:id/versions/:version/restoration', withStoredCredentials, async (c, actor) => {
    const page = await restorationPage(c, actor)
    return page === null ? notRestorable(c) : c.render(page)
  })

  routes.post('/credentials/:id/versions/:version/restoration', withStoredCredentials, async (c, actor) => {
    const revision = Number((await readForm(c)).text('revision')) || 0
    const outcome = await vault.restore(actor, idOf(c), versionOf(c), revision)
    if (outcome.ok) {
      setFlash(c, 'credentials-restored')
      return c.redirect(paths.credential(idOf(c)), 303)
    }
    // What the page shows then is what is stored now: pressing again restores over that.
    const page = outcome.reason === 'stale' ? await restorationPage(c, actor, stale) : null
    if (page === null) return notRestorable(c)
    c.status(409)
    return c.render(page)
  })

  return routes
}

const stale =
  'These credentials were changed since this page was opened, so nothing was restored. Check it, then restore again.'

function kindOf(c: AppContext): HistoryKind {
  return historyKinds.find((kind) => kind === c.req.query('kind')) ?? 'all'
}

function numberFrom(c: AppContext, name: 'before' | 'versions'): number | null {
  const asked = Number(c.req.query(name))
  const largest = name === 'versions' ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER
  return Number.isInteger(asked) && asked > 0 && asked <= largest ? asked : null
}

function idOf(c: AppContext): string {
  return c.req.param('id') ?? ''
}

function versionOf(c: AppContext): number {
  return Number(c.req.param('version'))
}

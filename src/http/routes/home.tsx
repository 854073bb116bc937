import { SetupPendingPage } from '../../../views/setup/pending.tsx'
import type { Setup } from '../../auth/setup.ts'
import { paths } from '../../paths.ts'
import type { Assets } from '../assets.ts'
import { anyone, Routes } from '../routing.ts'

/** The start page, what probes ask, and the static files. */
export function homeRoutes(deps: {
  setup: Pick<Setup, 'isDone'>
  assets: Assets
  /** Resolves when the database answers and the keys are there; rejects otherwise. */
  ready: () => Promise<unknown>
}): Routes {
  const routes = new Routes()

  routes.get('/', anyone, async (c) => {
    if (c.get('actor') !== null)
      return c.redirect(c.get('storedCredentials') ? paths.credentials() : paths.connections(), 303)
    if (await deps.setup.isDone()) return c.redirect(paths.login(), 303)
    return c.render(<SetupPendingPage />)
  })

  routes.get('/up', anyone, (c) => c.text('up\n'))

  routes.get('/ready', anyone, async (c) => {
    try {
      await deps.ready()
      return c.text('ready\n')
    } catch {
      return c.text('not ready\n', 503, { 'Retry-After': '5' })
    }
  })

  routes.get('/assets/:name', anyone, (c) => deps.assets.serveAsset(c))

  return routes
}

import { ActivityPage } from '../../../views/activity/page.tsx'
import type { Activity } from '../../audit/activity.ts'
import { Routes, signedIn } from '../routing.ts'

/** The page that lists what the actor did. */
export function activityRoutes(deps: { activity: Activity }): Routes {
  const routes = new Routes()

  routes.get('/activity', signedIn, async (c, actor) => {
    const asked = Number(c.req.query('before'))
    const before = Number.isSafeInteger(asked) && asked > 0 ? asked : null
    const { rows, next } = await deps.activity.list(actor, before ?? undefined)
    return c.render(<ActivityPage rows={rows} next={next} before={before} />)
  })

  return routes
}

import { type LimitForm, StoragePage } from '../../../views/admin/storage.tsx'
import type { UserActor } from '../../access/actor.ts'
import { exactSize, parseSize } from '../../byte-size.ts'
import type { Storage } from '../../catalog/storage.ts'
import { paths } from '../../paths.ts'
import { setFlash } from '../flash.ts'
import { readForm } from '../form.ts'
import { type AppContext, administrator, Routes } from '../routing.ts'

/** The administrators' page *Storage*: what snapshots take, and how much they may. */
export function storageRoutes({ storage }: { storage: Storage }): Routes {
  const routes = new Routes()

  async function page(c: AppContext, actor: UserActor, form?: LimitForm) {
    const report = await storage.show(actor, actor.organizationId)
    const own = report.isOwnLimit && report.limit !== null ? exactSize(report.limit) : ''
    return c.render(<StoragePage report={report} form={form ?? { limit: own }} />)
  }

  routes.get('/admin/storage', administrator, (c, actor) => page(c, actor))

  routes.post(
    '/admin/storage',
    administrator,
    async (c, actor) => {
      const limit = (await readForm(c)).text('limit').trim()
      const bytes = limit === '' ? null : parseSize(limit)
      const error = bytes === undefined ? 'That is no size. Enter one such as 500 MB or 1.5 TB, or nothing.' : undefined
      const outcome = bytes === undefined ? undefined : await storage.setLimit(actor, actor.organizationId, bytes)
      if (outcome?.ok) {
        setFlash(c, 'storage-limit')
        return c.redirect(paths.storage(), 303)
      }
      c.status(422)
      return page(c, actor, { limit, error: error ?? outcome?.error ?? '' })
    },
    { maximumBody: 64 * 1024 },
  )

  return routes
}

import { AdditionPage } from '../../../views/catalog/addition.tsx'
import type { Additions } from '../../catalog/additions.ts'
import { paths } from '../../paths.ts'
import { setFlash } from '../flash.ts'
import { type AppContext, Routes, signedIn } from '../routing.ts'

/** The page of what was added together: how far each is, and **Cancel all**. */
export function additionRoutes({ additions }: { readonly additions: Additions }): Routes {
  const routes = new Routes()

  routes.get('/catalog/additions/:id', signedIn, async (c, actor) =>
    c.render(<AdditionPage id={idOf(c)} datasets={await additions.show(actor, idOf(c))} />),
  )

  routes.post('/catalog/additions/:id/cancellation', signedIn, async (c, actor) => {
    if ((await additions.cancel(actor, idOf(c))) > 0) setFlash(c, 'datasets-cancelled')
    return c.redirect(paths.addition(idOf(c)), 303)
  })

  return routes
}

function idOf(c: AppContext): string {
  return c.req.param('id') ?? ''
}

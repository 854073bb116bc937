import { SearchPage } from '../../../views/search/page.tsx'
import type { Search } from '../../search/search.ts'
import { Routes, signedIn } from '../routing.ts'

/** The page of the search box in the top bar. */
export function searchRoutes({ search }: { readonly search: Search }): Routes {
  const routes = new Routes()

  routes.get('/search', signedIn, async (c, actor) => {
    const text = c.req.query('q') ?? ''
    const outcome = await search.find(actor, text)
    return c.render(<SearchPage text={text} outcome={outcome} storedCredentials={c.get('storedCredentials')} />)
  })

  return routes
}

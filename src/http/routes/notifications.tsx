import { NotificationChoicesPage } from '../../../views/account/notifications.tsx'
import { NotificationsPage } from '../../../views/notifications/page.tsx'
import { NotFound } from '../../access/refusals.ts'
import type { Choices } from '../../notifications/choices.ts'
import type { Inbox } from '../../notifications/inbox.ts'
import { paths } from '../../paths.ts'
import { setFlash } from '../flash.ts'
import { readForm } from '../form.ts'
import { Routes, signedIn } from '../routing.ts'

type Dependencies = { readonly inbox: Inbox; readonly choices: Choices; readonly sendsEmail: boolean }

/** What the bell leads to, and what goes by e-mail too. */
export function notificationRoutes({ inbox, choices, sendsEmail }: Dependencies): Routes {
  const routes = new Routes()

  routes.get('/notifications', signedIn, async (c, actor) => {
    const after = c.req.query('after')
    const page = await inbox.list(actor, after)
    return c.render(<NotificationsPage page={page} unread={c.get('unread')} after={after} />)
  })

  // Before the one that takes an id: `reading` is none.
  routes.post('/notifications/reading', signedIn, async (c, actor) => {
    const newest = (await readForm(c)).id('newest')
    if (newest === null) throw new NotFound()
    await inbox.readAll(actor, newest)
    setFlash(c, 'notifications-read')
    return c.redirect(paths.notifications(), 303)
  })

  routes.post('/notifications/:id/reading', signedIn, async (c, actor) => {
    await inbox.read(actor, c.req.param('id') ?? '')
    return c.redirect(paths.notifications(), 303)
  })

  routes.get('/account/notifications', signedIn, async (c, actor) =>
    c.render(
      <NotificationChoicesPage email={actor.email} choices={await choices.list(actor)} sendsEmail={sendsEmail} />,
    ),
  )

  routes.post('/account/notifications', signedIn, async (c, actor) => {
    await choices.save(actor, (await readForm(c)).all('topic'))
    setFlash(c, 'notifications-chosen')
    return c.redirect(paths.notificationChoices(), 303)
  })

  return routes
}

import { type EgressQuestion, OutgoingConnectionsPage } from '../../../views/admin/egress.tsx'
import type { UserActor } from '../../access/actor.ts'
import type { Outgoing } from '../../connections/outgoing.ts'
import { readForm } from '../form.ts'
import { type AppContext, administrator, Routes } from '../routing.ts'

/** The administrators' page *Outgoing connections*: what the policy allows, and whether it would allow one more. */
export function egressRoutes({ outgoing }: { outgoing: Outgoing }): Routes {
  const routes = new Routes()

  async function page(c: AppContext, actor: UserActor, question: EgressQuestion) {
    const shown = await outgoing.show(actor, actor.organizationId)
    return c.render(<OutgoingConnectionsPage outgoing={shown} question={question} />)
  }

  routes.get('/admin/egress', administrator, (c, actor) => page(c, actor, { host: '', port: '' }))

  routes.post(
    '/admin/egress',
    administrator,
    async (c, actor) => {
      const fields = await readForm(c)
      const [host, port] = [fields.text('host').trim(), fields.text('port').trim()]
      const errors = {
        ...(host === '' ? { host: 'Host is missing. Fill it in.' } : {}),
        ...(isPort(port) ? {} : { port: 'Port is not a number from 1 to 65535. Enter the port of the server.' }),
      }
      if (Object.keys(errors).length > 0) {
        c.status(422)
        return page(c, actor, { host, port, errors })
      }
      return page(c, actor, {
        host,
        port,
        verdict: await outgoing.ask(actor, actor.organizationId, host, Number(port)),
      })
    },
    { maximumBody: 64 * 1024 },
  )

  return routes
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535
}

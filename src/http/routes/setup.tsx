import { SetupClosedPage, type SetupForm, SetupPage } from '../../../views/setup/page.tsx'
import type { UserActor } from '../../access/actor.ts'
import type { Deployment } from '../../access/features.ts'
import type { Setup, SetupInput } from '../../auth/setup.ts'
import type { SignIn } from '../../auth/sign-in.ts'
import type { Log } from '../../log.ts'
import { paths } from '../../paths.ts'
import { setFlash } from '../flash.ts'
import { type FormFields, readForm } from '../form.ts'
import { type AppContext, anyone, Routes } from '../routing.ts'
import { setSession } from '../session.ts'

type Dependencies = {
  readonly setup: Setup
  readonly signIn: SignIn
  readonly deployment: Deployment
  readonly log: Log
  /** Adds the sample for the first administrator; null where there is no embedded server to put it into. */
  readonly addSample: ((actor: UserActor) => Promise<unknown>) | null
}

/** The first run: the page behind the one-time address. */
export function setupRoutes(deps: Dependencies): Routes {
  const { setup, addSample } = deps
  const offersSample = addSample !== null
  const routes = new Routes()

  routes.get('/setup', anyone, async (c) => {
    const token = c.req.query('token') ?? ''
    if ((await setup.tokenState(token)) !== 'valid') return closed(c, deps, token)
    const form = {
      organization: '',
      name: '',
      email: '',
      storedCredentials: deps.deployment === 'managed',
      sample: false,
    }
    return c.render(<SetupPage token={token} form={form} errors={{}} offersSample={offersSample} />)
  })

  routes.post(
    '/setup',
    anyone,
    async (c) => {
      const token = c.req.query('token') ?? ''
      if ((await setup.tokenState(token)) !== 'valid') return closed(c, deps, token)
      const fields = await readForm(c)
      const form = formFrom(fields, offersSample)
      if (form.sample && !form.storedCredentials) {
        c.status(422)
        return c.render(
          <SetupPage token={token} form={form} errors={{ sample: needsFeature }} offersSample={offersSample} />,
        )
      }
      const input: SetupInput = { ...form, password: fields.secret('password') }
      const outcome = await setup.complete(token, input, { address: c.get('address'), requestId: c.get('requestId') })
      if (outcome.kind === 'closed') return closed(c, deps, token)
      if (outcome.kind === 'done') return done(c, deps, outcome.actor, input, form.sample)
      c.status(422)
      return c.render(<SetupPage token={token} form={form} errors={outcome.errors} offersSample={offersSample} />)
    },
    { maximumBody: 64 * 1024 },
  )

  return routes
}

const needsFeature = 'The sample comes with a stored credential. Switch Stored credentials on, or leave the sample out.'

function formFrom(fields: FormFields, offersSample: boolean): SetupForm {
  return {
    organization: fields.text('organization'),
    name: fields.text('name'),
    email: fields.text('email'),
    storedCredentials: fields.checked('stored-credentials'),
    sample: offersSample && fields.checked('sample'),
  }
}

async function closed(c: AppContext, { setup }: Dependencies, token: string) {
  const state = await setup.tokenState(token)
  c.status(state === 'used' ? 410 : 404)
  return c.render(<SetupClosedPage used={state === 'used'} isDone={await setup.isDone()} />)
}

async function done(c: AppContext, deps: Dependencies, actor: UserActor, input: SetupInput, sample: boolean) {
  setFlash(c, 'setup-done')
  if (sample && deps.addSample !== null) {
    try {
      await deps.addSample(actor)
    } catch (error) {
      // The account exists by now: without the sample everything else works.
      deps.log.error('sample not added', error, { requestId: c.get('requestId') })
      setFlash(c, 'setup-done-without-sample')
    }
  }
  const signedIn = await deps.signIn.signIn({ email: input.email, password: input.password }, actor)
  if (signedIn.kind !== 'signed-in') return c.redirect(paths.login(), 303)
  setSession(c, signedIn.session)
  return c.redirect(paths.home(), 303)
}

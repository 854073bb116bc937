import { join } from 'node:path'
import type { UserActor } from './access/actor.ts'
import { featureEnabled } from './access/features.ts'
import { createApp } from './app.tsx'
import { createPasswords } from './auth/passwords.ts'
import { createSessions } from './auth/sessions.ts'
import { createSignIn } from './auth/sign-in.ts'
import { createThrottle } from './auth/throttle.ts'
import type { Composition } from './compose.ts'
import type { Config } from './config.ts'
import type { EgressPolicy } from './connector/egress-policy.ts'
import { createConnector } from './connector/pool.ts'
import { loadAssets } from './http/assets.ts'
import { associationRoutes, type Reauthenticate } from './http/routes/associations.tsx'
import { connectionRoutes } from './http/routes/connections.tsx'
import { credentialRoutes } from './http/routes/credentials.tsx'
import { signInRoutes } from './http/routes/sign-ins.tsx'
import { serverOptions } from './http/server-options.ts'
import { sessionToken, setSession } from './http/session.ts'
import type { Log } from './log.ts'
import { packageRoot } from './package-root.ts'
import { Secret } from './secrets/secret.ts'
import { createServices } from './services.ts'
import { createTypedAccounts } from './sign-ins/typed-accounts.ts'

/** What serves people: the app, and what must be closed after it. */
export type Web = ReturnType<typeof createWeb>

/** Wires services and routes to the web app of a serving process. */
export function createWeb({ config, composition, log }: { config: Config; composition: Composition; log: Log }) {
  const { db, keys, ledger, database } = composition
  const { deployment, origin, trustProxy } = config
  const connector = createConnector({
    policy: withEmbedded(config.egress, database.embedded),
    workerFile: join(packageRoot(), 'dist/worker.js'),
  })
  const services = createServices({ db, ledger, ...keys, deployment, connector })
  const passwords = createPasswords()
  const sessions = createSessions({ db })
  const signIn = createSignIn({ db, ledger, passwords, sessions, throttle: createThrottle({ db }) })
  const deps = { ...services, typedAccounts: createTypedAccounts(), reauthenticate: reauthenticateBy(signIn) }
  const app = createApp({
    origin,
    trustProxy,
    log,
    sessions,
    assets: loadAssets(),
    storedCredentials: (actor: UserActor) => featureEnabled(db, deployment, actor, 'stored_credentials'),
    routes: [credentialRoutes(deps), associationRoutes(deps), connectionRoutes(deps), signInRoutes(deps)],
  })
  return {
    app,
    serverOptions,
    close: () => connector.close(),
  }
}

/** The embedded server is on loopback, which is refused unless it is listed; it lists itself, with its port alone. */
function withEmbedded(policy: EgressPolicy, embedded: Composition['database']['embedded']): EgressPolicy {
  if (embedded === null) return policy
  const { host, port } = embedded
  return { ...policy, allow: [...policy.allow, { kind: 'range', range: `${host}/32`, ports: [port, port] }] }
}

function reauthenticateBy(signIn: ReturnType<typeof createSignIn>): Reauthenticate {
  return async (c, actor, password) => {
    const outcome = await signIn.reauthenticate(actor, sessionToken(c) ?? '', new Secret(password))
    if (outcome.kind === 'signed-in') setSession(c, outcome.session)
    return outcome.kind === 'signed-in'
  }
}

import type { Deployment } from './access/features.ts'
import type { Guard } from './access/guard.ts'
import { createUsers } from './access/users.ts'
import type { Ledger } from './audit/ledger.ts'
import { createPasswords } from './auth/passwords.ts'
import { createSessions } from './auth/sessions.ts'
import { createSetup } from './auth/setup.ts'
import { createSignIn } from './auth/sign-in.ts'
import { createThrottle } from './auth/throttle.ts'
import type { Database } from './db/client.ts'

export type Accounts = ReturnType<typeof createAccounts>

/** Returns the services around people's accounts, wired to each other; for the server and for local commands. */
export function createAccounts(deps: { db: Database; ledger: Ledger; guard: Guard; deployment: Deployment }) {
  const { db, ledger, guard, deployment } = deps
  const passwords = createPasswords()
  const sessions = createSessions({ db, deployment })
  const signIn = createSignIn({ db, ledger, passwords, sessions, throttle: createThrottle({ db }) })
  const setup = createSetup({ db, guard, passwords })
  const users = createUsers({ db, guard, passwords, sessions })
  return { sessions, signIn, setup, users }
}

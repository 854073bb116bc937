import { createFeatures } from '../access/features.ts'
import { createGuard } from '../access/guard.ts'
import type { User } from '../access/users.ts'
import { createAccounts } from '../accounts.ts'
import { type Composition, composed } from '../compose.ts'
import { loadConfig } from '../config.ts'
import { organizations } from '../db/schema/organizations.ts'
import type { Secret } from '../secrets/secret.ts'
import { type Invocation, NothingFound, UsageError } from './command.ts'

/** The services that local commands act through, as `system`. */
export type Accounts = ReturnType<typeof accountsOf>

/** Opens the database for `work` and gives it the services. */
export async function withAccounts<T>(
  { environment }: Invocation,
  work: (accounts: Accounts, composition: Composition) => Promise<T>,
): Promise<T> {
  const config = loadConfig(environment)
  return composed(config, (composition) => work(accountsOf(composition, config.deployment), composition))
}

function accountsOf({ db, ledger }: Composition, deployment: 'self-managed' | 'managed') {
  const guard = createGuard({ db, ledger, deployment })
  const { users, setup } = createAccounts({ db, ledger, guard, deployment })
  return { db, users, setup, features: createFeatures({ guard, reader: db, deployment }) }
}

/**
 * Returns the id of the organization called `name`, or of the only one when no name is given. Throws `NothingFound`, and
 * `UsageError` where there are several to choose from.
 */
export async function organizationId({ db }: Accounts, name: string | undefined): Promise<string> {
  const all = await db.select().from(organizations)
  if (all.length === 0)
    throw new NothingFound(
      'Nothing is set up yet. Open the setup address, or add --organization NAME to "keyward user create --admin".',
    )
  const found = name === undefined ? all : all.filter((one) => one.name === name)
  const [only] = found
  if (only === undefined) throw new NothingFound(`There is no organization called "${name}".`)
  if (found.length > 1) throw new UsageError(`--organization is missing: there are ${all.length} organizations.`)
  return only.id
}

/** Reads a password from standard input with --password-stdin, else asks for it twice. */
export async function newPassword({ flag, terminal }: Invocation): Promise<Secret> {
  if (flag('password-stdin')) return terminal.readSecret()
  const typed = await terminal.askNewSecret('Password')
  if (typed === undefined) throw new UsageError('--password-stdin is missing, and there is no terminal to ask at.')
  return typed
}

/** Returns the user with that e-mail. Throws `NothingFound`. */
export async function foundUser(user: User | undefined, email: string): Promise<User> {
  if (user === undefined)
    throw new NothingFound(`There is no user with the e-mail ${email}. "keyward user list" shows all.`)
  return user
}

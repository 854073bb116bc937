import { system } from '../access/actor.ts'
import type { User } from '../access/users.ts'
import { OperatorError } from '../operator-error.ts'
import { type Accounts, foundUser, newPassword, organizationId, withAccounts } from './accounts.ts'
import { type Command, type Invocation, required, type Status, status } from './command.ts'

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const organization = { organization: text }

/** `keyward user …`: accounts of people. */
export const userCommands: readonly Command[] = [
  {
    name: 'user create',
    summary: 'Add a user; the first one sets Keyward up',
    usage: '--email E --name N [--admin] [--organization NAME] [--stored-credentials on|off] [--password-stdin]',
    options: {
      ...organization,
      email: text,
      name: text,
      admin: flag,
      'stored-credentials': text,
      'password-stdin': flag,
    },
    run: create,
  },
  {
    name: 'user list',
    summary: 'List the users of an organization',
    usage: '[--organization NAME]',
    options: organization,
    run: list,
  },
  {
    name: 'user disable',
    summary: 'Let a user sign in no more, and end their sessions',
    usage: 'EMAIL',
    options: {},
    words: ['EMAIL'],
    run: (invocation) => change(invocation, 'disabled', ({ users }, { id }) => users.disable(system, id)),
  },
  {
    name: 'user enable',
    summary: 'Let a disabled user sign in again',
    usage: 'EMAIL',
    options: {},
    words: ['EMAIL'],
    run: (invocation) =>
      change(invocation, 'enabled', async ({ users }, { id }) => {
        await users.enable(system, id)
        return { ok: true }
      }),
  },
  {
    name: 'user password',
    summary: 'Give a user another password, and end their sessions',
    usage: 'EMAIL [--password-stdin]',
    options: { 'password-stdin': flag },
    words: ['EMAIL'],
    async run(invocation) {
      const password = await newPassword(invocation)
      return change(invocation, 'given another password', ({ users }, { id }) =>
        users.setPassword(system, id, password),
      )
    },
  },
]

async function create(invocation: Invocation): Promise<Status> {
  const email = required(invocation, 'email')
  const name = required(invocation, 'name')
  const password = await newPassword(invocation)
  return withAccounts(invocation, async (accounts) => {
    const person = { email, name, password }
    const created = (await accounts.setup.isDone())
      ? await addUser(accounts, invocation, person)
      : await setUp(accounts, invocation, person)
    invocation.answer([`${email} can sign in now, as ${created.role}.`], { ...created, email })
    return status.done
  })
}

type Person = {
  readonly email: string
  readonly name: string
  readonly password: Awaited<ReturnType<typeof newPassword>>
}
type Created = { readonly id: string; readonly role: 'administrator' | 'member' }

async function addUser(accounts: Accounts, invocation: Invocation, person: Person): Promise<Created> {
  const role = invocation.flag('admin') ? 'administrator' : 'member'
  const of = await organizationId(accounts, invocation.text('organization'))
  const outcome = await accounts.users.create(system, { ...person, role, organizationId: of })
  if (!outcome.ok) throw new OperatorError(Object.values(outcome.errors).join('\n'))
  return { id: outcome.id, role }
}

/** The first user: makes the organization too, as the setup page does. */
async function setUp(accounts: Accounts, invocation: Invocation, person: Person): Promise<Created> {
  if (!invocation.flag('admin')) throw new OperatorError('The first user must be an administrator. Add --admin.')
  const input = {
    ...person,
    organization: required(invocation, 'organization'),
    storedCredentials: invocation.text('stored-credentials') === 'on',
  }
  const outcome = await accounts.setup.completeLocally(input)
  if (outcome.kind === 'invalid') throw new OperatorError(Object.values(outcome.errors).join('\n'))
  if (outcome.kind === 'closed') throw new OperatorError('Someone else set Keyward up just now. Run the command again.')
  return { id: outcome.actor.id, role: 'administrator' }
}

function list(invocation: Invocation): Promise<Status> {
  return withAccounts(invocation, async (accounts) => {
    const of = await organizationId(accounts, invocation.text('organization'))
    const users = await accounts.users.list(system, of)
    const lines = users.map(({ email, name, role, disabledAt }) =>
      [email, name, role, ...(disabledAt === null ? [] : ['disabled'])].join('  '),
    )
    invocation.answer(lines, { users })
    return status.done
  })
}

function change(
  invocation: Invocation,
  done: string,
  act: (accounts: Accounts, user: User) => Promise<{ ok: true } | { ok: false; error: string }>,
): Promise<Status> {
  const email = invocation.word(0)
  return withAccounts(invocation, async (accounts) => {
    const user = await foundUser(await accounts.users.find(system, email), email)
    const outcome = await act(accounts, user)
    if (!outcome.ok) throw new OperatorError(outcome.error)
    invocation.answer([`${user.email} is ${done}.`], { id: user.id, email: user.email })
    return status.done
  })
}

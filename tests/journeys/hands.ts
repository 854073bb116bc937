import type { UserActor } from '../../src/access/actor.ts'
import { testPassword } from '../../src/testing/actors.ts'
import type { StartedServer } from '../../src/testing/server.ts'
import { createRecorder, type Form, type Page, type Recorder } from './recorder.ts'
import type { Account, Store } from './store.ts'

/** Does what a journey finds done already: posts the same forms, without a browser. */
export type Hands = Recorder & {
  /** Adds a PostgreSQL connection to the store, or to what the form says; resolves with its id. */
  addConnection(name: string, to: Store | Form): Promise<string>
  /** Stores an account, signed in with on the connection where one is given; resolves with its id. */
  addAccount(name: string, account: Account, connection?: string): Promise<string>
  associate(credential: string, connection: string): Promise<void>
  share(what: 'connections' | 'credentials', id: string, person: UserActor, role?: string): Promise<void>
}

/** Returns the hands of a person, who has signed in with them. */
export async function handsOf(server: Pick<StartedServer, 'origin'>, user: UserActor): Promise<Hands> {
  const recorder = createRecorder(server.origin, () => {})
  const done = async (path: string, form: Form): Promise<Page> => {
    const page = await recorder.post(path, form)
    if (page.status !== 200) throw new Error(`POST ${path} came to ${page.status}: ${page.text.slice(0, 2000)}`)
    return page
  }
  await done('/login', { email: user.email, password: testPassword })
  return {
    ...recorder,
    addConnection: async (name, to) =>
      idIn(await done('/connections/new?driver=postgresql', { name, ...formOf(to) }), 'connections'),
    addAccount: async (name, account, connection) => {
      const typed: Form = { type: 'basic', name, ...account, ...(connection === undefined ? {} : { connection }) }
      return idIn(await done('/credentials/new', typed), 'credentials')
    },
    associate: async (credential, connection) =>
      void (await done(`/credentials/${credential}/associations/new`, { connection })),
    share: async (what, id, { email }, role = 'consumer') =>
      void (await done(`/${what}/${id}/sharing`, { email, role })),
  }
}

/** Returns the id of what a page is about, by the link that edits it. Throws where there is none. */
export function idIn(page: Page, noun: 'credentials' | 'connections'): string {
  return found(page, new RegExp(`/${noun}/([0-9a-f-]{36})/edit`))
}

/** Returns what the pattern's group finds on a page. Throws where that is nothing. */
export function found(page: Page, pattern: RegExp): string {
  const [, part] = pattern.exec(page.text) ?? []
  if (part === undefined)
    throw new Error(`There is no ${pattern} in the answer ${page.status}: ${page.text.slice(0, 2000)}`)
  return part
}

function formOf(to: Store | Form): Form {
  if (!('addReader' in to)) return to as Form
  const { host, port, database } = to as Store
  return { host, port: String(port), database, tls: 'disable' }
}

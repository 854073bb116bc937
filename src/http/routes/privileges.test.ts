import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Privileges } from '../../connector/driver.ts'
import { associations } from '../../db/schema/credentials.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { addConnection, refused, signedIn } from '../../testing/domain.ts'
import { textOf, textsOf } from '../../testing/html.ts'

let app: TestApp
let ada: Client
let connection: string
let credential: string
let count = 0

beforeAll(async () => {
  app = await testApp()
  ada = await app.signInAs(app.ada)
})
afterAll(() => app.close())
beforeEach(async () => {
  count += 1
  tells({ superuser: false, canWrite: false })
  connection = await addConnection(app, app.ada, `Sales ${count}`)
  const form = { type: 'basic', name: `One ${count}`, username: 'ada"s', password: 'a good one', connection }
  credential = (await ada.post('/credentials/new', form)).location?.split('/').at(-1) ?? ''
})

/** What the target says from now on. */
function tells(privileges?: Privileges): void {
  app.connector.next = { ...signedIn, value: { serverVersion: '18', ...(privileges ? { privileges } : {}) } } as never
}

const signIn = () => ada.post(`/connections/${connection}/sign-ins/new`, { account: credential })
const notes = async (path: string) => textsOf((await ada.get(path)).html, '.privileges')
const places = () => [`/credentials/${credential}`, `/connections/${connection}/credentials`]
const bond = async () => (await app.db.select().from(associations).where(eq(associations.credentialId, credential)))[0]

describe('What an account may do beyond reading', () => {
  test('is kept when it is first proven, and not spoken of where it only reads', async () => {
    expect((await bond())?.privileges).toMatchObject({ superuser: false, canWrite: false, at: expect.any(String) })
    for (const path of places()) expect(await notes(path)).toEqual([])
  })

  test('is shown with advice, ready statements and since when, on every page of the account', async () => {
    tells({ superuser: false, canWrite: true })
    const result = (await signIn()).location ?? ''
    for (const path of [...places(), result]) {
      const [note = ''] = await notes(path)
      expect(note).toContain('This account can write.')
      expect(note).toContain('CREATE ROLE "ada""s_readonly" LOGIN;')
      expect(note).toContain(`Changed since ${new Date().toISOString().slice(0, 10)}: could not write before.`)
    }
    tells({ superuser: true, canWrite: true })
    await signIn()
    const [note = ''] = await notes(places()[0] ?? '')
    expect(note).toContain('was no superuser before')
    expect(note).not.toContain('could not write before')
    expect(textOf((await ada.get(places()[0] ?? '')).html, '.privileges .badge')).toBe('superuser')
  })

  test('stays as it was seen while the target does not tell or refuses, and the change stays while nothing changes', async () => {
    tells({ superuser: false, canWrite: true })
    await signIn()
    const drift = (await bond())?.previousPrivileges
    tells()
    await signIn()
    app.connector.next = refused
    const failed = (await signIn()).location ?? ''
    expect(await notes(failed)).toEqual([])
    tells({ superuser: false, canWrite: true })
    await signIn()
    expect(await bond()).toMatchObject({ privileges: { canWrite: true }, previousPrivileges: drift })
    expect(drift).toMatchObject({ canWrite: false })
  })

  test('is forgotten with the username it was seen of, and kept with a new password', async () => {
    tells({ superuser: false, canWrite: true })
    await signIn()
    const save = (revision: number, username: string, password: string) =>
      ada.post(`/credentials/${credential}/edit`, {
        ...{ revision: String(revision), name: `One ${count}`, username, password, intent: 'save', type: 'basic' },
      })
    await save(1, 'ada"s', 'another good one')
    expect((await bond())?.privileges).toMatchObject({ canWrite: true })
    await save(2, 'somebody else', 'another good one')
    expect(await bond()).toMatchObject({ privileges: null, previousPrivileges: null })
  })
})

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../../secrets/secret.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import type { Client } from '../../testing/client.ts'
import { addConnection, asOwner } from '../../testing/domain.ts'
import { formValues, textOf, textsOf } from '../../testing/html.ts'

let app: TestApp
let ada: Client
let path: string
let id: string
let connectionId: string
let count = 0

beforeAll(async () => {
  app = await testApp()
  ada = await app.signInAs(app.ada)
})
afterAll(() => app.close())

beforeEach(async () => {
  connectionId = await addConnection(app, app.ada, `Sales ${++count}`)
  const fields = { username: new Secret('first'), password: new Secret('first password') }
  const account = { type: 'basic', name: `Reporting ${count}`, description: '', fields, connectionIds: [connectionId] }
  const made = await app.vault.create(app.ada, account)
  if (!made.ok) throw new Error(made.error)
  id = made.id
  path = `/credentials/${id}`
  await edit('1', 'second')
})

const restoration = (version = 1) => `${path}/versions/${version}/restoration`
const edit = (revision: string, username: string) =>
  ada.post(`${path}/edit`, {
    revision,
    name: `Reporting ${count}`,
    username,
    password: `${username} password`,
    intent: 'save',
  })
const expire = () =>
  asOwner(
    app,
    `update credential_versions set replaced_at = now() - interval '31 days' where credential_id = '${id}' and version = 1`,
  )

describe('/credentials/:id/history', () => {
  it('lists versions with why and who, what can be restored, and no field of theirs', async () => {
    const { html, text } = await ada.get(`${path}/history`)
    expect(textOf(html, 'title')).toContain(`History of Reporting ${count}`)
    expect(textOf(html, '.tabs [aria-current]')).toBe('History')
    const rows = textsOf(html, '#versions tbody tr')
    expect(rows[0]).toMatch(/^2 present ?edited ?Ada/)
    expect(rows[1]).toMatch(/^1 ?created ?Ada.*Restore version 1/)
    expect(text).not.toMatch(/(first|second) password/)
    expect(textsOf(html, '#entries tbody th')).toEqual(['Edit credentials', 'Store credentials'])
  })

  it('filters uses and changes, and goes on page by page within a filter', async () => {
    await ada.post(`/connections/${connectionId}/sign-ins/new`, { account: id })
    const listed = async (search: string) =>
      textsOf((await ada.get(`${path}/history?${search}`)).html, '#entries tbody th')
    expect(await listed('kind=uses')).toEqual(['Use credentials'])
    expect(await listed('kind=changes')).toEqual(['Edit credentials', 'Store credentials'])
    expect(await listed('kind=nonsense')).toHaveLength(3)
    const uses = await ada.get(`${path}/history?kind=uses`)
    expect(textOf(uses.html, '#entries tbody tr')).toMatch(/Ada.*on Sales \d+.*test.*allowed/)
    await addChanges(50)
    const first = await ada.get(`${path}/history?kind=changes`)
    expect(first.html.querySelectorAll('#entries tbody tr')).toHaveLength(50)
    const next = first.html
      .querySelector('nav[aria-label="Pages of uses and changes"] a[rel=next]')
      ?.getAttribute('href')
    expect(next).toContain('kind=changes')
    const second = await ada.get(next ?? '')
    expect(textsOf(second.html, '#entries tbody th').at(-1)).toBe('Store credentials')
    expect(second.html.querySelector('a[rel=prev]')?.getAttribute('href')).toBe(`${path}/history?kind=changes`)
  })

  it('with a page that cannot be, shows the first or an empty one, and never fails', async () => {
    for (const odd of ['before=x', 'before=-1', 'before=1e400', 'versions=99999999999', 'versions=1.5', 'before=1']) {
      expect([odd, (await ada.get(`${path}/history?${odd}`)).status]).toEqual([odd, 200])
    }
    const empty = await ada.get(`${path}/history?before=1`)
    expect(textOf(empty.html, '#entries .empty-state h3')).toBe('Nothing here')
  })

  it('every page as a fragment has the same content as the document', async () => {
    for (const page of [`${path}/history`, restoration(), `${path}/sharing`, '/credentials/shared']) {
      const [whole, part] = [await ada.get(page), await ada.fragment(page)]
      expect([whole.status, part.status]).toEqual([200, 200])
      expect(textOf(whole.html, 'main h1')).toBe(textOf(part.html, 'h1'))
      expect(part.text).not.toContain('<html')
    }
  })
})

describe('/credentials/:id/history.csv', () => {
  it('is a file of all entries of the kind, for no one but the owner', async () => {
    const answer = await ada.get(`${path}/history.csv?kind=changes`)
    expect(answer.headers.get('Content-Type')).toBe('text/csv; charset=utf-8; header=present')
    expect(answer.headers.get('Content-Disposition')).toBe('attachment; filename="credential-history.csv"')
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    const lines = answer.text.split('\r\n')
    expect(lines.slice(1).map((line) => line.split(',')[2])).toEqual([
      'credential.edit',
      'credential.create',
      undefined,
    ])
    await app.credentialSharing.share(app.ada, id, app.ben.email)
    for (const stranger of [app.ben, app.root, app.eve]) {
      const refused = await (await app.signInAs(stranger)).get(`${path}/history.csv`)
      expect([refused.status, refused.headers.get('Content-Disposition')]).toEqual([404, null])
    }
  })
})

describe('/credentials/:id/versions/:version/restoration', () => {
  it('says what would happen, restores, and says that nothing was proven', async () => {
    const asked = await ada.get(restoration())
    expect(textOf(asked.html, 'h1')).toBe('Restore version 1')
    expect(textsOf(asked.html, 'main li')).toContain(
      'Its one associated connection signs in with them at once. Nothing is tried before.',
    )
    const answer = await ada.post(restoration(), formValues(asked.html))
    expect(answer.location).toBe(path)
    const shown = await ada.get(path)
    expect(textOf(shown.html, '.flash')).toContain('Restored, as a new version.')
    expect(textOf(shown.html, '.facts')).toMatch(/Username ?first/)
    const { html } = await ada.get(`${path}/history`)
    expect(textsOf(html, '#versions tbody tr')[0]).toMatch(/^3 present ?restored from version 1/)
    expect(textsOf(html, '#entries tbody tr')[0]).toContain('version 3 · from version 1')
    await ada.post(`/connections/${connectionId}/sign-ins/new`, { account: id })
    expect(app.connector.jobs.at(-1)?.secrets).toEqual({ username: 'first', password: 'first password' })
  })

  it('of what somebody changed meanwhile, asks again with what is stored now', async () => {
    const form = formValues((await ada.get(restoration())).html)
    await edit('2', 'third')
    const conflict = await ada.post(restoration(), form)
    expect(conflict.status).toBe(409)
    expect(textOf(conflict.html, '.error-summary')).toContain('changed since this page was opened')
    expect((await ada.post(restoration(), formValues(conflict.html))).location).toBe(path)
  })

  it('of a version that is present, erased or never was, changes nothing and says why', async () => {
    const refused = async (version: number) => {
      const answer = await ada.post(restoration(version), { revision: '2' })
      expect(answer.location).toBe(`${path}/history`)
      expect(textOf((await ada.get(`${path}/history`)).html, '.flash')).toContain('Nothing was changed')
    }
    for (const version of [2, 7, 999999999]) await refused(version)
    expect((await ada.get(restoration(7))).status).toBe(404)
    expect((await ada.get(restoration(2))).location).toBe(`${path}/history`)
    await expire()
    await refused(1)
    expect(textOf((await ada.get(`${path}/history`)).html, '#versions')).not.toContain('Restore version')
  })

  it('of a stranger, and of whom it is shared with, is answered as nothing and recorded', async () => {
    await app.credentialSharing.share(app.ada, id, app.ben.email)
    for (const stranger of [app.ben, app.eve]) {
      const client = await app.signInAs(stranger)
      expect((await client.get(restoration())).status).toBe(404)
      expect((await client.post(restoration(), { revision: '2' })).status).toBe(404)
    }
    expect((await ada.get(path)).text).toContain('second')
    expect(textOf((await ada.get(`${path}/history`)).html, '#entries tbody tr')).toMatch(
      /Restore an earlier version ?somebody else ?denied/,
    )
  })
})

/** Straight into the table: the chain does not matter here. */
function addChanges(changes: number): Promise<void> {
  return asOwner(
    app,
    `insert into audit_entries (sequence, time, actor_kind, actor_id, action, resource_type, resource_id, organization_id,
       outcome, instance, details, previous_hash, hash, mac)
     select sequence + n, now(), 'user', '${app.ada.id}', 'credential.set-default', 'credential', '${id}',
       '${app.ada.organizationId}', 'allowed', 'test', '{}', hash, hash, mac
     from generate_series(1, ${changes}) as n, (select sequence, hash, mac from audit_entries order by sequence desc limit 1) as last`,
  )
}

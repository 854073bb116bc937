import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { datasets } from '../../db/schema/catalog.ts'
import { associations, credentials } from '../../db/schema/credentials.ts'
import { schedules } from '../../db/schema/schedules.ts'
import { type TestApp, testApp } from '../../testing/app.ts'
import { type Client, fragmentHeaders } from '../../testing/client.ts'
import { formValues, textOf, textsOf } from '../../testing/html.ts'
import { complete, makeDue, plainDataset, refreshable, writeImports } from '../../testing/scheduling.ts'
import { type StoredDatasets, storedDatasets } from '../../testing/stored-datasets.ts'

let app: TestApp
let ada: Client
let connectionId: string
let credentialId: string
let datasetId: string
let count = 0

beforeAll(async () => {
  app = await testApp()
  writeImports(app)
  ada = await app.signInAs(app.ada)
})
afterAll(() => app.close())
beforeEach(async () => {
  app.connector.next = complete
  ;({ connectionId, credentialId, datasetId } = await refreshable(app, ++count))
  await app.catalog.datasets.refresh(app.ada, datasetId, { kind: 'stored', credentialId })
  await app.catalog.snapshots.idle()
})

const page = () => `/catalog/${datasetId}/schedule`
const form = (its: Record<string, string> = {}) => ({
  ...{ every: 'day', at: '06:00', zone: 'Europe/Berlin', account: credentialId, catchUp: 'once', revision: '' },
  ...{ keepVersions: '', keepDays: '', ...its },
})
const main = (answer: { html: unknown }) => textOf(answer.html as never, 'main')

describe('GET /catalog/:id/schedule', () => {
  test('without a schedule, shows the form with the account of the dataset, and its fragment is the same', async () => {
    const answer = await ada.get(page())
    expect(formValues(answer.html)).toMatchObject({ every: 'day', zone: 'UTC', account: credentialId, catchUp: 'once' })
    const fragment = await ada.get(page(), { headers: fragmentHeaders })
    expect(textOf(fragment.html, 'h1')).toBe('Schedule')
    expect(fragment.text).not.toContain('<html')
    expect((await ada.get(`/catalog/${datasetId}`)).text).toContain(page())
  })

  test('with what is typed, shows the next runs in the zone and in UTC, and saves nothing', async () => {
    const query = new URLSearchParams(form({ every: 'month', day: '31', at: '02:30', zone: 'Asia/Kathmandu' }))
    const { html, status } = await ada.get(`${page()}?${query}`)
    expect(status).toBe(200)
    expect(textOf(html, 'main')).toContain('Next runs, not saved yet')
    const cells = textsOf(html, '#settings tbody tr').join('\n')
    expect(cells.match(/02:30 GMT\+5:45/g)).toHaveLength(5)
    expect(cells.match(/20:45:00 UTC/g)).toHaveLength(5)
    expect(formValues(html)).toMatchObject({ every: 'month', day: '31', zone: 'Asia/Kathmandu' })
    expect(await app.db.$count(schedules, eq(schedules.datasetId, datasetId))).toBe(0)
  })

  test('with what cannot be, says why at the field', async () => {
    const { html } = await ada.get(`${page()}?${new URLSearchParams(form({ every: 'cron', cron: '* * * * *' }))}`)
    expect(textOf(html, '.error-summary li')).toContain('at least 5 minutes apart')
  })

  test('where nothing can be signed in with, says what is needed first', async () => {
    await app.vault.delete(app.ada, credentialId)
    expect(main(await ada.get(page()))).toContain('you have none on this data connection')
    await app.connections.delete(app.ada, connectionId, 'detach')
    expect(main(await ada.get(page()))).toContain('cannot be refreshed')
  })
})

describe('POST /catalog/:id/schedule', () => {
  test('saves it, and shows the next five runs, who set it and what it keeps', async () => {
    const saved = await ada.post(page(), form({ every: 'week', days: '1', keepVersions: '10', keepDays: '90' }))
    expect([saved.status, saved.location]).toEqual([303, page()])
    const answer = await ada.get(page())
    expect(textsOf(answer.html, '#next-runs tbody tr')).toHaveLength(5)
    expect(main(answer)).toContain('Every Monday at 06:00 (Europe/Berlin)')
    expect(main(await ada.get(`/catalog/${datasetId}`))).toContain('Every Monday at 06:00 (Europe/Berlin), next in ')
    expect(main(answer)).toContain('the last 10 completed versions, of them those of the last 90 days')
    expect(main(answer)).toContain('Runs as')
    expect(formValues(answer.html)).toMatchObject({ zone: 'Europe/Berlin', revision: '1', keepVersions: '10' })
  })

  test.each([
    [{ every: '' }, 'Choose how often.'],
    [{ every: 'hour', minute: '60' }, 'Enter a minute from 0 to 59.'],
    [{ every: 'week' }, 'Choose at least one day.'],
    [{ every: 'month', day: '32' }, 'Enter a day from 1 to 31.'],
    [{ at: '25:00' }, 'Enter a time of day, such as 06:00.'],
    [{ every: 'cron', cron: 'now' }, 'Enter five fields: minute, hour, day of the month, month, day of the week.'],
    [{ zone: 'Mars/Olympus' }, 'Enter a time zone, such as Europe/Berlin or UTC.'],
    [{ account: '' }, 'Choose an account.'],
    [{ account: '<script>' }, 'Choose an account.'],
    [{ catchUp: 'all' }, 'Choose what becomes of missed runs.'],
    [{ keepVersions: '0' }, 'Enter a number of versions from 1 to 10,000, or nothing to keep all.'],
    [{ keepDays: 'all' }, 'Enter a number of days from 1 to 10,000, or nothing to keep all.'],
  ])('with %j, is refused with a sentence and the form as typed', async (its, sentence) => {
    const answer = await ada.post(page(), form(its))
    expect([answer.status, textOf(answer.html, '.error-summary li')]).toEqual([422, sentence])
    expect(textOf(answer.html, 'title')).toContain('Error: ')
    expect(await app.db.$count(schedules, eq(schedules.datasetId, datasetId))).toBe(0)
  })

  test('with an account of somebody else, is refused', async () => {
    const { credentialId: other } = await refreshable(app, ++count)
    const answer = await ada.post(page(), form({ account: other }))
    expect([answer.status, textOf(answer.html, '.error-summary li')]).toEqual([
      422,
      expect.stringContaining('Choose another'),
    ])
  })

  test('after somebody changed it, shows both and saves on the second try', async () => {
    await ada.post(page(), form())
    const late = await ada.post(page(), form({ every: 'hour', minute: '7' }))
    expect([late.status, textOf(late.html, '.error-summary')]).toEqual([409, expect.stringContaining('save again')])
    expect(main(late)).toContain('Every day at 06:00')
    const { revision } = formValues(late.html) as { revision: string }
    expect((await ada.post(page(), form({ every: 'hour', minute: '7', revision }))).status).toBe(303)
  })
})

describe('The buttons of a schedule', () => {
  test('pause, resume, run now and delete it, each with a word about it', async () => {
    await ada.post(page(), form())
    const press = async (what: string) => {
      const answer = await ada.post(`${page()}/${what}`)
      expect(answer.status).toBe(303)
      return main(await ada.get(page()))
    }
    expect(await press('pause')).toContain('Nothing runs by itself until it is resumed')
    await press('resumption')
    expect(await press('runs')).toContain('waiting')
    await app.runner.once()
    expect(main(await ada.get(page()))).toContain('completed')
    expect(main(await ada.get(`${page()}/deletion`))).toContain('Its versions stay')
    expect(await press('deletion')).toContain('Refresh this dataset by itself')
    expect((await ada.get(`${page()}/deletion`)).status).toBe(404)
  })

  test('on one that is disabled, say why and do nothing', async () => {
    await ada.post(page(), form())
    await makeDue(app, datasetId)
    await app.db.delete(associations).where(eq(associations.credentialId, credentialId))
    await app.runner.once()
    const answer = await ada.get(page())
    expect(main(answer)).toContain('Disabled by Keyward')
    expect(main(answer)).toContain('Associate it again or choose another account')
    expect(main(answer)).toContain('1 of them was missed.')
    const refused = await ada.post(`${page()}/resumption`)
    expect([refused.status, textOf(refused.html, '.error-summary')]).toEqual([
      409,
      expect.stringContaining('Associate it again'),
    ])
  })

  test('without a schedule, and of a dataset of somebody else, answer 404', async () => {
    const ben = await app.signInAs(app.ben)
    for (const what of ['pause', 'resumption', 'runs', 'deletion']) {
      expect((await ada.post(`${page()}/${what}`)).status).toBe(404)
    }
    await ada.post(page(), form())
    expect((await ben.get(page())).status).toBe(404)
    expect((await ben.post(page(), form())).status).toBe(404)
  })
})

describe('Credentials that a schedule signs in with', () => {
  test('say so wherever they say what uses them, and what stops without them', async () => {
    await ada.post(page(), form())
    const detail = await ada.get(`/credentials/${credentialId}`)
    expect(textOf(detail.html, '#associations')).toContain('1 dataset · 1 schedule')
    expect(main(await ada.get('/credentials'))).toContain('1 dataset · 1 schedule')
    const deletion = await ada.get(`/credentials/${credentialId}/deletion`)
    expect(textsOf(deletion.html, 'main li').join()).toContain('The schedule of Orders')
    const removal = await ada.get(`/credentials/${credentialId}/associations/${connectionId}/removal`)
    expect(main(removal)).toContain('One schedule signs in with it: the next run disables it.')
    const job = await ada.post('/credentials/bulk', { id: credentialId, action: 'delete' })
    expect(main(await ada.get(job.location ?? ''))).toContain('1 schedule of datasets will be disabled')
    const paused = { pausedAt: new Date(), pausedCode: 'auth.refused', pausedConnectionId: connectionId }
    await app.db.update(credentials).set(paused).where(eq(credentials.id, credentialId))
    expect(main(await ada.get(`/credentials/${credentialId}`))).toContain('The runs of 1 schedule are missed.')
  })

  test('of somebody else, count their schedules for the owner and say that they end with the share', async () => {
    await app.sharing.share(app.ada, connectionId, app.ben.email, 'consumer')
    await app.credentialSharing.share(app.ada, credentialId, app.ben.email)
    const bens = await plainDataset(app, app.ben, connectionId, 'Of Ben')
    const ben = await app.signInAs(app.ben)
    expect((await ben.post(`/catalog/${bens}/schedule`, form())).status).toBe(303)
    const sharing = await ada.get(`/credentials/${credentialId}/sharing`)
    expect(main(sharing)).toContain('1 schedule')
    const removal = await ada.get(`/credentials/${credentialId}/sharing/${app.ben.id}/removal`)
    expect(main(removal)).toContain('1 schedule of theirs signs in with it')
    expect(main(await ada.get(`/credentials/${credentialId}/deletion`))).toContain('1 schedule of others')
    await app.credentialSharing.unshare(app.ada, credentialId, app.ben.id)
    await makeDue(app, bens)
    await app.runner.once()
    expect(main(await ben.get(`/catalog/${bens}/schedule`))).toContain('no longer shared with Ben')
  })
})

describe('The schedule of a combined dataset', () => {
  let combined: string
  let data: StoredDatasets

  beforeAll(async () => {
    const { run } = app.connector
    data = await storedDatasets(app)
    await data.add('Sold', 'SELECT 1 AS amount')
    const saved = await app.computing.combine.save(app.ada, { name: 'Totals', query: 'SELECT * FROM "Sold"' })
    if (!saved.ok) throw new Error(saved.message)
    combined = saved.id
    await app.catalog.snapshots.idle()
    app.connector.run = run
  })
  afterAll(() => data.remove())

  const its = () => `/catalog/${combined}/schedule`

  test('asks for no account, says what a run reads, and is saved, run and deleted like any other', async () => {
    const { account: _, ...typed } = form()
    const empty = await ada.get(its())
    expect(formValues(empty.html)).not.toHaveProperty('account')
    expect(main(empty)).toContain('in your name and without an account: Sold')
    expect((await ada.get(`/catalog/${combined}`)).text).toContain(its())
    const preview = await ada.get(`${its()}?${new URLSearchParams(typed)}`)
    expect(main(preview)).toContain('Next runs, not saved yet')
    expect((await ada.post(its(), typed)).status).toBe(303)
    const saved = main(await ada.get(its()))
    expect(saved).toContain('Every day at 06:00 (Europe/Berlin)')
    expect(saved).toMatch(/Reads\s*Sold/)
    expect(saved).not.toContain('Account')
    expect((await ada.post(`${its()}/runs`)).status).toBe(303)
    await app.runner.once()
    expect(main(await ada.get(its()))).toContain('completed')
    expect((await ada.post(`${its()}/deletion`)).status).toBe(303)
    expect(main(await ada.get(its()))).toContain('Refresh this dataset by itself')
  })

  test('is there where stored credentials are switched off, and that of other datasets is not', async () => {
    await app.features.change(app.root, app.ada.organizationId, 'stored_credentials', false)
    try {
      const without = await app.signInAs(app.ada)
      expect((await without.get(its())).status).toBe(200)
      expect((await without.get(`/catalog/${combined}`)).text).toContain(its())
      for (const answer of [await without.get(page()), await without.post(page(), form())]) {
        expect([answer.status, textOf(answer.html, 'h1')]).toEqual([403, 'Stored credentials are off'])
      }
      expect((await without.get(`/catalog/${datasetId}`)).text).not.toContain(page())
    } finally {
      await app.features.change(app.root, app.ada.organizationId, 'stored_credentials', true)
    }
  })

  test('of which a source is gone, says which, and saves nothing', async () => {
    const [source] = await app.db.select().from(datasets).where(eq(datasets.name, 'Sold'))
    await app.catalog.datasetDeletion.delete(app.ada, source?.id ?? '')
    expect(main(await ada.get(its()))).toContain('Sold (deleted, or not shared with you)')
    const { status, html } = await ada.post(its(), form())
    expect([status, textOf(html, '.error-summary li')]).toEqual([409, expect.stringContaining('reads "Sold": deleted')])
    expect(formValues(html)).toMatchObject({ zone: 'Europe/Berlin' })
  })
})

describe('The schedule of a dynamic dataset', () => {
  test('says that there is nothing to refresh, and saves one of snapshots beside it', async () => {
    await app.db.update(datasets).set({ isDynamic: true }).where(eq(datasets.id, datasetId))
    const empty = main(await ada.get(page()))
    expect(empty).toContain('A dynamic dataset has nothing to refresh.')
    expect((await ada.get(`/catalog/${datasetId}`)).text).toContain(page())
    expect((await ada.post(page(), form({ account: '' }))).status).toBe(422)
    const saved = await ada.post(page(), form())
    expect([saved.status, saved.location]).toEqual([303, expect.not.stringContaining(datasetId)])
    const beside = await ada.get(saved.location ?? '')
    expect(main(beside)).toContain('Snapshot of Orders')
    expect(main(beside)).toContain('Every day at 06:00 (Europe/Berlin)')
    expect(textsOf((await ada.get(page())).html, 'main li').join()).toMatch(/Snapshot of Orders:\s+Every day at 06:00/)
    await app.catalog.snapshots.idle()
  })

  test('cannot be paused or run, as there is none', async () => {
    await app.db.update(datasets).set({ isDynamic: true }).where(eq(datasets.id, datasetId))
    for (const what of ['pause', 'resumption', 'runs', 'deletion']) {
      expect((await ada.post(`${page()}/${what}`)).status).toBe(404)
    }
  })
})

describe('Credentials that a schedule waits for', () => {
  test('are said on its page, with the way to them', async () => {
    await ada.post(page(), form())
    const until = new Date(Date.now() + 3_600_000)
    await app.maintenance.set(app.ada, credentialId, { from: null, until })
    const answer = await ada.get(page())
    expect(main(answer)).toContain('Its credentials are in a maintenance window')
    expect(answer.text).toContain(`/credentials/${credentialId}`)
  })
})

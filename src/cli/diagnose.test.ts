import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Config } from '../config.ts'
import { newId } from '../db/new-id.ts'
import { withClient } from '../db/one-client.ts'
import { deliveries } from '../db/schema/deliveries.ts'
import { Secret } from '../secrets/secret.ts'
import { addOrganization } from '../testing/actors.ts'
import { testDatabase } from '../testing/database.ts'
import { aboutNotifications, snapshots } from './diagnose.ts'

let database: Awaited<ReturnType<typeof testDatabase>>

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

const webhook: Config['webhook'] = {
  ...{
    host: 'hooks.example.com',
    port: 443,
    isHttps: true,
    authority: 'hooks.example.com',
    path: '/in/hunter2',
    ca: null,
  },
  keys: [new Secret('hunter2')],
}
const mail: Config['mail'] = {
  ...{
    host: 'mail.example.com',
    port: 587,
    encryption: 'starttls',
    user: 'ada',
    ca: null,
    from: 'keyward@example.com',
  },
  password: new Secret('hunter2'),
}

const finding = (config: Pick<Config, 'webhook' | 'mail'>) =>
  withClient(database.url, (client) => aboutNotifications(config, client))

describe('doctor about notifications', () => {
  it('says what is set up, and of a webhook only where it goes', async () => {
    expect(await finding({ webhook: null, mail: null })).toMatchObject({
      ...{ subject: 'notifications', state: 'ok', sentence: 'No webhook is set up. No e-mail is set up.' },
    })
    const { state, sentence } = await finding({ webhook, mail })
    expect([state, sentence]).toEqual([
      'ok',
      'Webhooks go to hooks.example.com. E-mail goes through mail.example.com as keyward@example.com.',
    ])
  })

  it('warns of the last one that failed, and no more once it was taken', async () => {
    const organizationId = await addOrganization(database.db, 'Acme')
    const at = new Date('2026-11-24T12:00:00.000Z')
    const failed = { organizationId, channel: 'webhook', event: 'credential.expired', body: {}, createdAt: at } as const
    const lastError = 'The webhook answered 500.'
    await database.db.insert(deliveries).values({ ...failed, id: newId(), lastError, nextAttemptAt: at })
    const { state, sentence } = await finding({ webhook, mail: null })
    expect(state).toBe('warning')
    expect(sentence).toContain(
      'The last webhook that failed, of 2026-11-24, was not taken yet: The webhook answered 500.',
    )
    await database.db.update(deliveries).set({ nextAttemptAt: null })
    expect((await finding({ webhook, mail: null })).sentence).toContain('was given up')
    await database.db.update(deliveries).set({ deliveredAt: at })
    expect((await finding({ webhook, mail: null })).state).toBe('ok')
  })
})

describe('doctor about snapshots', () => {
  const settings = { bucket: null, scratch: '/tmp', quota: null }

  it('tries whether a file can be written, and leaves nothing of that', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'keyward-doctor-'))
    expect(await snapshots({ snapshots: { ...settings, directory } })).toMatchObject({
      ...{ subject: 'snapshots', state: 'ok', sentence: expect.stringContaining(directory) },
    })
    expect(readdirSync(directory)).toEqual([])
    rmSync(directory, { recursive: true })
  })

  it('of a folder that is none, and of a bucket that does not answer, says what to do', async () => {
    const folder = await snapshots({ snapshots: { ...settings, directory: '/dev/null/none' } })
    expect(folder).toMatchObject({ state: 'problem', sentence: expect.stringMatching(/SNAPSHOT_STORE to another\.$/) })
    const bucket = {
      ...{ bucket: 'keep', prefix: '', region: 'us-east-1', endpoint: 'http://127.0.0.1:9', accessKeyId: 'a' },
      ...{ secretAccessKey: new Secret('hunter2'), cacheBytes: 0 },
    }
    const found = await snapshots({ snapshots: { ...settings, bucket, directory: tmpdir() } })
    expect(found).toMatchObject({ state: 'problem', sentence: expect.stringMatching(/SNAPSHOT_STORE_ENDPOINT\.$/) })
    expect(found.sentence).not.toContain('hunter2')
  })
})

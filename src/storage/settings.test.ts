import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSnapshotSettings } from './settings.ts'

let folder: string
let secretFile: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-settings-'))
  secretFile = join(folder, 'secret')
  writeFileSync(secretFile, 'hunter2/hunter2+hunter2\n', { mode: 0o600 })
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('readSnapshotSettings', () => {
  it('of a path, is a folder, with a limit where one is set', () => {
    const { settings, problems } = read({ SNAPSHOT_STORE: './somewhere', SNAPSHOT_QUOTA: '1.5 TB' })
    expect([settings, problems]).toEqual([
      { directory: resolve('somewhere'), bucket: null, scratch: '/data/scratch', quota: 1.5e12 },
      [],
    ])
  })

  it('of a bucket, has all of it, and the secret is none that can be shown', () => {
    const { settings, problems } = read(bucket({ SNAPSHOT_STORE: 's3://keep/a//b/', SNAPSHOT_CACHE: '5 GB' }))
    expect(problems).toEqual([])
    expect(settings.directory).toBe('/data/snapshots')
    const region = 'eu-central-1'
    expect(settings.bucket).toMatchObject({ bucket: 'keep', prefix: 'a/b/', region, endpoint: null, cacheBytes: 5e9 })
    expect(settings.bucket?.secretAccessKey.expose().toString()).toBe('hunter2/hunter2+hunter2')
    expect(JSON.stringify(settings)).not.toContain('hunter2')
  })

  it('of an endpoint without a region, takes the one that most stores have', () => {
    const { settings } = read(
      bucket({ SNAPSHOT_STORE_ENDPOINT: 'http://[::1]:9000', SNAPSHOT_STORE_REGION: undefined }),
    )
    expect(settings.bucket).toMatchObject({ region: 'us-east-1', endpoint: 'http://[::1]:9000', prefix: '' })
  })

  it('with everything wrong, says all of it at once and repeats no secret', () => {
    const { problems } = read({
      SNAPSHOT_STORE: 's3://Bucket/../x',
      SNAPSHOT_STORE_ENDPOINT: 'https://user:hunter2@s3.example.com/path',
      SNAPSHOT_STORE_REGION: 'evil.example/',
      SNAPSHOT_STORE_SECRET_FILE: join(folder, 'nothing'),
      SNAPSHOT_CACHE: 'much',
      SNAPSHOT_QUOTA: '-1',
    })
    expect(problems).toHaveLength(7)
    for (const problem of problems) expect(problem).toMatch(/(Set|Write|Make|Check|Restore)[^.]*.*\.$/)
    expect(problems.join()).not.toContain('hunter2')
  })

  it.each(['gs://bucket', 's3:///x', 's3://b', 's3://bucket/a b', 's3://bucket/./x', 's3://bucket/a?b'])(
    'of %s, says how a bucket is written',
    (address) =>
      expect(read(bucket({ SNAPSHOT_STORE: address })).problems.join()).toMatch(/Write it as a path, or as s3/),
  )

  it('of a bucket’s settings without a bucket, says that they do nothing', () => {
    const { problems } = read({ SNAPSHOT_STORE_ACCESS_KEY_ID: 'AKIA', SNAPSHOT_CACHE: '1 GB' })
    expect(problems).toHaveLength(2)
    expect(problems[0]).toMatch(/SNAPSHOT_STORE is not a bucket/)
  })

  it('of a secret that is empty or has more than a line, says what the file is to hold', () => {
    for (const text of ['', 'two\nlines', 'with space']) {
      const file = join(folder, `bad-${text.length}`)
      writeFileSync(file, text, { mode: 0o600 })
      expect(read(bucket({ SNAPSHOT_STORE_SECRET_FILE: file })).problems.join()).toMatch(/one line and nothing else/)
    }
  })
})

function read(environment: Record<string, string | undefined>) {
  return readSnapshotSettings((name) => environment[name], '/data')
}

function bucket(other: Record<string, string | undefined>) {
  return {
    SNAPSHOT_STORE: 's3://keep',
    SNAPSHOT_STORE_REGION: 'eu-central-1',
    SNAPSHOT_STORE_ACCESS_KEY_ID: 'AKIA',
    SNAPSHOT_STORE_SECRET_FILE: secretFile,
    ...other,
  }
}

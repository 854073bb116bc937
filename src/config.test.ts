import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigError, loadConfig, settings } from './config.ts'
import { packageRoot } from './package-root.ts'

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describe('loadConfig', () => {
  it('with an empty environment gives the defaults and its own database', () => {
    expect(loadConfig({ PORT: '' })).toEqual({
      database: null,
      dataDirectory: resolve('data'),
      host: '127.0.0.1',
      port: 3000,
      origin: null,
      trustProxy: false,
      deployment: 'self-managed',
      kek: { kind: 'file', path: resolve('data/keyward.kek'), generate: true },
      egress: { deployment: 'self-managed', allow: [], deny: [] },
      webhook: null,
      mail: null,
      snapshots: { directory: resolve('data/snapshots'), bucket: null, scratch: resolve('data/scratch'), quota: null },
      logLevel: 'info',
      warnings: [],
    })
  })

  it('with several mistakes reports them all at once, each with a next step', () => {
    const problems = problemsOf({
      PORT: '70000',
      HOST: 'http://localhost',
      ORIGIN: 'https://keys.example.com/app',
      DEPLOYMENT: 'cloud',
      LOG_LEVEL: 'loud',
      SNAPSHOT_STORE: 's3://bucket',
      MIGRATION_DATABASE_URL: 'postgres://a:b@c/d',
      EGRESS_ALLOW: 'http://intranet',
    })
    // Of a bucket without account, three things are missing.
    expect(problems).toHaveLength(10)
    for (const problem of problems) expect(problem).toMatch(/(Set|Write|remove)[^.]*.*\.$/)
  })

  it.each(['mysql://a:hunter2hunter2@db/x', 'hunter2hunter2', 'postgres://a:hunter2hunter2@db'])(
    'with a DATABASE_URL that cannot be used (%s) does not repeat it',
    (url) => {
      const problems = problemsOf({ DATABASE_URL: url, KEYWARD_KEK_FILE: '/k' })
      expect(problems).toHaveLength(1)
      expect(problems.join()).not.toContain('hunter2')
    },
  )

  it('with DATABASE_URL but no key says how to make one', () => {
    const problems = problemsOf({ DATABASE_URL: 'postgres://a:b@c/d' })
    expect(problems.join()).toContain('keyward key generate --file')
  })

  it('takes both database addresses, and one for both', () => {
    const url = 'postgres://app:x@db/keyward'
    const migrationUrl = 'postgres://owner:x@db/keyward'
    const base = { KEYWARD_KEK_FILE: '/k', DATABASE_URL: url }
    expect(loadConfig(base).database).toEqual({ url, migrationUrl: url })
    expect(loadConfig({ ...base, MIGRATION_DATABASE_URL: migrationUrl }).database).toEqual({ url, migrationUrl })
  })

  it('with a key in the environment refuses it unless that was allowed, and removes it from there', () => {
    expect(problemsOf({ KEYWARD_KEK: 'kwkek1_x' }).join()).toContain('KEYWARD_ALLOW_ENV_KEK=1')
    const env: NodeJS.ProcessEnv = { KEYWARD_KEK: 'kwkek1_x', KEYWARD_ALLOW_ENV_KEK: '1' }
    expect(loadConfig(env).kek).toEqual({ kind: 'env', text: 'kwkek1_x' })
    expect(env.KEYWARD_KEK).toBeUndefined()
  })

  it('with a systemd credential takes it, and without one in that folder the default', () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyward-credentials-'))
    expect(loadConfig({ CREDENTIALS_DIRECTORY: folder }).kek.kind).toBe('file')
    writeFileSync(join(folder, 'keyward-kek'), '')
    expect(loadConfig({ CREDENTIALS_DIRECTORY: folder }).kek).toEqual({
      kind: 'systemd',
      path: join(folder, 'keyward-kek'),
    })
  })

  it('with a misspelt setting warns and goes on', () => {
    expect(loadConfig({ KEYWARD_KEKFILE: '/k' }).warnings).toEqual([
      'KEYWARD_KEKFILE is set, but Keyward has no such setting. Check its spelling, or remove it.',
    ])
  })

  it.each(['::1', '[::1]', '0.0.0.0', 'keys.local'])('takes %s as HOST', (host) => {
    expect(problemsOf({ HOST: host })).toEqual([])
  })

  it.each(['localhost:3000', 'http://x', 'a b', '[::1]:80'])('refuses %s as HOST', (host) => {
    expect(problemsOf({ HOST: host })).toHaveLength(1)
  })
})

describe('docs/operations.md', () => {
  it('describes every setting in its table, and no other', () => {
    const page = readFileSync(join(packageRoot(), 'docs/operations.md'), 'utf8')
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1])
    expect(rows.toSorted()).toEqual([...settings].sort())
  })
})

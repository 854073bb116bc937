import { statfs } from 'node:fs/promises'
import type pg from 'pg'
import { browserAddress, plainHttpWarning } from '../browser-address.ts'
import { type Config, loadConfig } from '../config.ts'
import { outlookOf } from '../connector/outlook.ts'
import { connect } from '../db/client.ts'
import { journal } from '../db/migrate.ts'
import { withClient } from '../db/one-client.ts'
import { failureSentence } from '../failure-sentence.ts'
import { loadKeys } from '../keys/key-store.ts'
import { hasKeys, loadKeks } from '../load-keks.ts'
import { type OpenedDatabase, openDatabase } from '../open-database.ts'
import { createFileStore } from '../storage/create-file-store.ts'

/** One thing that was looked at. Problems stop Keyward or its promises; warnings do not. */
export type Finding = {
  readonly subject:
    | 'settings'
    | 'database'
    | 'tables'
    | 'role'
    | 'ledger'
    | 'keys'
    | 'disk'
    | 'snapshots'
    | 'address'
    | 'outgoing connections'
    | 'notifications'
  readonly state: 'ok' | 'warning' | 'problem'
  readonly sentence: string
}

/** Looks at an installation without changing it, but for starting the embedded database for the moment. */
export async function diagnose(environment: NodeJS.ProcessEnv): Promise<readonly Finding[]> {
  let config: Config
  try {
    config = loadConfig(environment)
  } catch (error) {
    return [problem('settings', failureSentence(error))]
  }
  const warnings = config.warnings.map((sentence) => warning('settings', sentence))
  const settings = warnings.length > 0 ? warnings : [ok('settings', 'All are understood.')]
  return [
    ...settings,
    ...(await withDatabase(config)),
    await disk(config),
    await snapshots(config),
    address(config),
    outgoing(config),
  ]
}

async function withDatabase(config: Config): Promise<Finding[]> {
  let database: OpenedDatabase | undefined
  try {
    database = await openDatabase(config, 'command')
    return await aboutDatabase(config, database)
  } catch (error) {
    return [problem('database', failureSentence(error))]
  } finally {
    await database?.close()
  }
}

async function aboutDatabase(config: Config, database: OpenedDatabase): Promise<Finding[]> {
  return withClient(database.url, async (client) => {
    const { rows } = await client.query<{ version: string }>(`select current_setting('server_version') as version`)
    const whose = database.embedded === null ? 'of yours' : `of its own, in ${database.embedded.home}`
    const reached = ok('database', `PostgreSQL ${rows[0]?.version} ${whose}.`)
    const tables = await migrations(client)
    if (tables.state !== 'ok') return [reached, tables]
    const inside = [await role(client), await ledger(client), await keys(config, database)]
    return [reached, tables, ...inside, await aboutNotifications(config, client)]
  })
}

async function migrations(client: pg.Client): Promise<Finding> {
  const none = warning('tables', 'There are none yet. Start Keyward, or run "keyward migrate".')
  const there = await client.query<{ exists: boolean }>(
    `select to_regclass('drizzle.__drizzle_migrations') is not null as exists`,
  )
  if (!there.rows[0]?.exists) return none
  const last = await client.query<{ when: string | null }>(
    'select max(created_at) as when from drizzle.__drizzle_migrations',
  )
  const applied = Number(last.rows[0]?.when ?? 0)
  const ours = journal().at(-1)?.when ?? 0
  if (applied === ours) return ok('tables', 'They are those of this version.')
  if (applied > ours) return problem('tables', 'A newer version of Keyward migrated them. Start that version.')
  return warning('tables', 'They are older than this version. Start Keyward, or run "keyward migrate".')
}

async function role(client: pg.Client): Promise<Finding> {
  const { rows } = await client.query<{ name: string; superuser: boolean; owner: boolean }>(`
    select current_user as name, rolsuper as superuser,
      pg_has_role((select relowner from pg_class where oid = 'audit_entries'::regclass), 'member') as owner
    from pg_roles where rolname = current_user`)
  const { name = '?', superuser = false, owner = false } = rows[0] ?? {}
  const advice = 'Better: a role that owns nothing, and MIGRATION_DATABASE_URL for the owner (docs/operations.md).'
  if (superuser) return warning('role', `${name} is a superuser. ${advice}`)
  if (owner) return warning('role', `${name} owns the tables. ${advice}`)
  return ok('role', `${name} works with rows and owns no table.`)
}

async function ledger(client: pg.Client): Promise<Finding> {
  const { rows } = await client.query<{ granted: boolean; guarded: boolean }>(`
    select has_table_privilege('audit_entries', 'UPDATE, DELETE, TRUNCATE') as granted,
      exists (select from pg_trigger where tgrelid = 'audit_entries'::regclass and not tgisinternal and tgenabled <> 'D') as guarded`)
  const { granted = true, guarded = false } = rows[0] ?? {}
  if (!guarded)
    return problem('ledger', 'Its trigger is missing or disabled. Run "keyward migrate", then "keyward audit verify".')
  if (granted)
    return warning('ledger', 'Only a trigger keeps this role from changing it; the owner could disable that.')
  return ok('ledger', 'This role can add entries and cannot change any.')
}

async function keys(config: Config, database: OpenedDatabase): Promise<Finding> {
  const pool = connect(database.url, 2)
  try {
    if (!(await hasKeys(pool.db))) return warning('keys', 'There are none yet. The first start makes them.')
    // With keys in the database a missing file is a problem, not a reason to make one.
    const { keks } = await loadKeks(config.kek, pool.db)
    const { fingerprints } = await loadKeys(pool.db, keks)
    return ok('keys', `They open with the key ${fingerprints.join(' and ')}.`)
  } catch (error) {
    return problem('keys', failureSentence(error))
  } finally {
    await pool.close()
  }
}

/** Says what is set up to tell people, and what failed last. Of the webhook only the host: its path may be what lets in. */
export async function aboutNotifications(
  { webhook, mail }: Pick<Config, 'webhook' | 'mail'>,
  client: pg.Client,
): Promise<Finding> {
  const channels = [
    webhook === null ? 'No webhook is set up.' : `Webhooks go to ${webhook.authority}.`,
    mail === null ? 'No e-mail is set up.' : `E-mail goes through ${mail.host} as ${mail.from}.`,
  ].join(' ')
  const { rows } = await client.query<{ channel: string; at: Date; error: string; waiting: boolean }>(`
    select channel, created_at as at, last_error as error, next_attempt_at is not null as waiting
    from deliveries where last_error is not null and delivered_at is null order by created_at desc limit 1`)
  const [last] = rows
  if (last === undefined) return ok('notifications', channels)
  const { channel, at, error, waiting } = last
  const state = waiting ? 'was not taken yet' : 'was given up'
  const day = at.toISOString().slice(0, 10)
  return warning('notifications', `${channels} The last ${channel} that failed, of ${day}, ${state}: ${error}`)
}

async function disk(config: Config): Promise<Finding> {
  const folder = config.dataDirectory
  try {
    const { bavail, bsize } = await statfs(folder)
    const gibibytes = (bavail * bsize) / 2 ** 30
    const sentence = `${gibibytes.toFixed(1)} GiB are free in ${folder}.`
    return gibibytes < 1 ? warning('disk', `${sentence} Make room.`) : ok('disk', sentence)
  } catch {
    return warning('disk', `${folder} does not exist yet. The first start makes it.`)
  }
}

/** Tries whether a file can be written to the store, read from it and removed. */
export async function snapshots({ snapshots: settings }: Pick<Config, 'snapshots'>): Promise<Finding> {
  const { bucket, directory } = settings
  const files = createFileStore(settings)
  const where = bucket === null ? `the folder ${directory}` : `the bucket ${bucket.bucket}`
  try {
    await files.check()
    return ok('snapshots', `They are kept in ${where}; a file could be written, read and removed.`)
  } catch (error) {
    return problem('snapshots', failureSentence(error))
  } finally {
    files.close()
  }
}

function address(config: Config): Finding {
  const plain = plainHttpWarning(config)
  return plain === undefined ? ok('address', `${browserAddress(config, config.port)}.`) : warning('address', plain)
}

/** The embedded database, which lists itself for the sample, aside. */
function outgoing({ egress }: Config): Finding {
  const { allowed, refused } = outlookOf(egress)
  const sentences = [`Allowed: ${allowed.join(' ') || 'nothing.'}`, `Refused: ${refused.join(' ')}`]
  if (allowed.length === 0)
    return warning('outgoing connections', `${sentences.join(' ')} List what is needed in EGRESS_ALLOW.`)
  return ok('outgoing connections', sentences.join(' '))
}

const ok = (subject: Finding['subject'], sentence: string): Finding => ({ subject, state: 'ok', sentence })
const warning = (subject: Finding['subject'], sentence: string): Finding => ({ subject, state: 'warning', sentence })
const problem = (subject: Finding['subject'], sentence: string): Finding => ({ subject, state: 'problem', sentence })

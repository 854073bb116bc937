import { withClient } from '../src/db/one-client.ts'

/**
 * Gives the only user of a database `count` credentials, each with a version and an association with one of twenty
 * connections. What would be sealed is noise here: no page opens it.
 */
export function insertCredentials(ownerUrl: string, count: number): Promise<void> {
  return withClient(ownerUrl, async (client) => {
    for (const statement of [connections, credentials, versions, associations]) {
      await client.query(statement.replaceAll('{count}', String(count)))
    }
    await client.query('vacuum analyze')
  })
}

const connections = `
  insert into connections (id, organization_id, owner_id, name, name_key, driver, parameters, created_at, updated_at)
  select gen_random_uuid(), organization_id, id, 'Store ' || n, 'store ' || n, 'postgresql',
    jsonb_build_object('host', 'db' || n || '.example.com', 'port', '5432', 'database', 'sales', 'tls', 'verify-full'),
    now() - interval '2 days', now() - interval '2 days'
  from users, generate_series(1, 20) n`

const credentials = `
  insert into credentials (id, organization_id, owner_id, name, name_key, search_key, type, username, current_version,
    created_at, last_used_at)
  select gen_random_uuid(), organization_id, id, 'Account ' || lpad(n::text, 6, '0'), 'account ' || lpad(n::text, 6, '0'),
    'account ' || lpad(n::text, 6, '0') || chr(10) || 'reader_' || n, 'basic', 'reader_' || n, 1, now() - interval '1 day', now() - n * interval '1 second'
  from users, generate_series(1, {count}) n`

const versions = `
  insert into credential_versions (credential_id, version, organization_id, payload, created_by, reason)
  select id, 1, organization_id, '\\x01'::bytea || decode(repeat(md5(id::text), 14), 'hex'), owner_id, 'created'
  from credentials`

const associations = `
  insert into associations (credential_id, connection_id, organization_id, owner_id, destination)
  select c.id, s.id, c.organization_id, c.owner_id, 'postgresql://db' || substr(s.name_key, 7) || '.example.com:5432 tls=verify-full ca=system'
  from credentials c
  join connections s on s.name_key = 'store ' || (1 + (right(c.name_key, 6)::int % 20))`

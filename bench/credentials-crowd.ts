import type pg from 'pg'

/**
 * Gives the only user of a database `own` credentials, and as many to each of others until there are `all`; each with an
 * association with one of twenty connections. One in twenty is of another type, or needs attention for one reason.
 * What would be sealed is left out: no list reads it. Indexes are made afterwards, which is faster.
 */
export async function fillOrganization(client: pg.Client, { all, own }: { all: number; own: number }): Promise<void> {
  const made = await client.query<{ name: string; definition: string }>(indexes)
  for (const { name } of made.rows) await client.query(`drop index ${name}`)
  for (const statement of [people, connections, credentials, associations, datasets]) {
    await client.query(statement.replaceAll('{people}', String(all / own - 1)).replaceAll('{own}', String(own)))
  }
  await client.query("set maintenance_work_mem = '512MB'")
  for (const { definition } of made.rows) await client.query(definition)
  await client.query('vacuum analyze')
}

const indexes = `
  select indexname as name, indexdef as definition from pg_indexes
  where tablename in ('credentials', 'associations') and indexdef not like '% UNIQUE %'`

const people = `
  insert into users (id, organization_id, email, email_key, name, role, password_hash)
  select gen_random_uuid(), id, n || '@example.com', n || '@example.com', 'Person ' || n, 'member', ''
  from organizations, generate_series(1, {people}) n`

const connections = `
  insert into connections (id, organization_id, owner_id, name, name_key, driver, parameters)
  select gen_random_uuid(), organization_id, id, 'Store ' || n, 'store ' || n, 'postgresql',
    jsonb_build_object('host', 'db' || n || '.example.com', 'port', '5432', 'database', 'sales', 'tls', 'verify-full')
  from users, generate_series(1, 20) n
  where role = 'administrator'`

/** In ids as in time: the owner of the first thousand is the owner of the next thousand too. */
const credentials = `
  insert into credentials (id, organization_id, owner_id, name, name_key, search_key, type, username, current_version,
    created_at, last_used_at, expires_at, paused_at)
  select uuidv7(), organization_id, id, label, lower(label),
    lower(label) || case when n % 20 = 7 then ' cafe' else '' end || chr(10) || username,
    case when n % 20 = 1 then 's3' else 'basic' end, username, 1,
    now() - interval '100 days',
    now() - case when n % 20 = 6 then interval '95 days' else n * interval '1 second' end,
    case when n % 20 = 4 then now() - interval '1 day' when n % 20 = 5 then now() + interval '20 days' end,
    case when n % 40 = 2 then now() end
  from users, generate_series(1, {own}) n,
    lateral (select case when n = {own} / 2 then 'Unique ' else '' end || 'Account ' || lpad(n::text, 6, '0') as label,
      (array['reader', 'saver', 'loader'])[1 + n % 3] || '_' || n as username) named
  order by n, id`

const associations = `
  insert into associations (credential_id, connection_id, organization_id, owner_id, destination, last_sign_in_at,
    last_sign_in_code, moved_at)
  select c.id, s.id, c.organization_id, c.owner_id,
    'postgresql://db.example.com:5432 tls=' || case when n % 20 = 8 then 'disable' else 'verify-full' end || ' ca=system',
    now(), case when n % 40 = 22 then 'auth.refused' else 'ok' end, case when n % 20 = 3 then now() end
  from credentials c
  cross join lateral (select right(c.name_key, 6)::int as n) numbered
  join connections s on s.name_key = 'store ' || (1 + n % 20)`

const datasets = `
  insert into datasets (id, organization_id, owner_id, name, credential_id, source)
  select gen_random_uuid(), organization_id, owner_id, name, id, '{"kind": "query", "query": "select 1"}'
  from credentials where right(name_key, 1) = '5'`

import type pg from 'pg'

/** Datasets and data connections of an organization, and how many of each its only user sees. */
export type SearchedSize = { readonly all: number; readonly seen: number }

/**
 * Gives the only user of a database `seen` datasets with 20 columns each, and as many to each of others until there are
 * `all`; a tenth as many data connections, of which the user sees half because they are shared. Names are alike among all
 * people, so that what is found is never found by its owner alone. Indexes are made afterwards, which is faster.
 */
export async function fillSearched(client: pg.Client, { all, seen }: SearchedSize): Promise<void> {
  const made = await client.query<{ name: string; definition: string }>(indexes)
  for (const { name } of made.rows) await client.query(`drop index ${name}`)
  const counts = { people: all / seen - 1, seen, connections: seen / 10 }
  for (const statement of [people, datasets, versions, searched, connections, shares, searchedConnections]) {
    const filled = Object.entries(counts).reduce(
      (text, [name, n]) => text.replaceAll(`{${name}}`, String(n)),
      statement,
    )
    await client.query(filled)
  }
  await client.query("set maintenance_work_mem = '512MB'")
  for (const { definition } of made.rows) await client.query(definition)
  await client.query('vacuum analyze')
}

const indexes = `
  select indexname as name, indexdef as definition from pg_indexes
  where tablename in ('dataset_search', 'connection_search') and indexdef like '% gin %'`

const people = `
  insert into users (id, organization_id, email, email_key, name, role, password_hash)
  select gen_random_uuid(), id, n || '@example.com', n || '@example.com', 'Person ' || n, 'member', ''
  from organizations, generate_series(1, {people}) n`

const datasets = `
  insert into datasets (id, organization_id, owner_id, name, source)
  select gen_random_uuid(), organization_id, id,
    case when n = {seen} / 2 then 'Unique ' else '' end || (array['Orders', 'Customers', 'Parcels'])[1 + n % 3] || ' '
      || lpad(n::text, 6, '0') || case when n % 20 = 7 then ' Café' else '' end,
    '{"kind": "query", "query": "select 1"}'
  from users, generate_series(1, {seen}) n
  order by n, id`

/** Nineteen columns of a vocabulary of a hundred words, and one of their own. */
const versions = `
  insert into dataset_versions (id, organization_id, dataset_id, number, status, created_by, account_name, run_id, columns)
  select gen_random_uuid(), organization_id, id, 1, 'completed', owner_id, 'reader', gen_random_uuid(), (
    select jsonb_agg(jsonb_build_object('name', column_name, 'type', 'VARCHAR')) from (
      select 'field_' || substr(md5(((hashtext(name) & 65535) * 7 + c) % 100 || 'word'), 1, 6) as column_name
      from generate_series(1, 19) c
      union all select 'own_' || substr(md5(name), 1, 8)) named)
  from datasets`

const searched = `
  insert into dataset_search (dataset_id, viewers, text_key, columns_key)
  select d.id, array[d.owner_id], chr(10) || replace(lower(d.name), 'é', 'e') || chr(10),
    chr(10) || (select string_agg(c->>'name', chr(10)) from jsonb_array_elements(v.columns) c) || chr(10)
  from datasets d join dataset_versions v on v.dataset_id = d.id`

const connections = `
  insert into connections (id, organization_id, owner_id, name, name_key, driver, parameters)
  select gen_random_uuid(), organization_id, id, 'Store ' || n, 'store ' || n, 'postgresql',
    jsonb_build_object('host', 'db' || n || '.example.com', 'port', '5432', 'database', 'sales', 'tls', 'verify-full')
  from users, generate_series(1, {connections}) n`

/** With the only administrator, from the others. */
const shares = `
  insert into connection_shares (connection_id, user_id, organization_id, role, created_by)
  select c.id, u.id, c.organization_id, 'consumer', c.owner_id
  from connections c join users u on u.role = 'administrator' and u.id <> c.owner_id
  order by c.name_key, c.id limit {connections}`

const searchedConnections = `
  insert into connection_search (connection_id, viewers, text_key)
  select c.id, array[c.owner_id] || array(select user_id from connection_shares where connection_id = c.id),
    chr(10) || c.name_key || chr(10) || 'postgresql://' || (c.parameters->>'host') || ':5432/sales' || chr(10)
  from connections c`

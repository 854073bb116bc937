import pg from 'pg'
import { grantQueue } from './queue-schema.ts'

/** Makes the ledger refuse changes from every role, its owner included. Safe to repeat. */
export async function protectLedger(client: pg.Client): Promise<void> {
  await client.query(`
    create or replace function audit_entries_are_final() returns trigger language plpgsql as $$
    begin
      raise exception 'Entries of the audit ledger are final.' using errcode = 'insufficient_privilege';
    end $$;
    create or replace trigger audit_entries_are_final before update or delete or truncate on audit_entries
      for each statement execute function audit_entries_are_final();
  `)
}

/** Gives `role` what the running server needs on every table: rows, but neither tables nor changes to the ledger. */
export async function grantApplication(client: pg.Client, role: string): Promise<void> {
  const current = await client.query<{ same: boolean }>('select current_user = $1 as same', [role])
  if (current.rows[0]?.same) return
  const name = pg.escapeIdentifier(role)
  await client.query(`
    grant usage on schema public to ${name};
    grant select, insert, update, delete on all tables in schema public to ${name};
    grant usage, select on all sequences in schema public to ${name};
    revoke update, delete, truncate on audit_entries from ${name};
    grant usage on schema drizzle to ${name};
    grant select on drizzle.__drizzle_migrations to ${name};
  `)
  await grantQueue(client, role)
}

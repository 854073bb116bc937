import type postgres from 'postgres'

/** Makes the ledger refuse changes from every role, its owner included. Safe to repeat. */
export async function protectLedger(client: postgres.Sql): Promise<void> {
  await client.unsafe(`
    create or replace function audit_entries_are_final() returns trigger language plpgsql as $$
    begin
      raise exception 'Entries of the audit ledger are final.' using errcode = 'insufficient_privilege';
    end $$;
    create or replace trigger audit_entries_are_final before update or delete or truncate on audit_entries
      for each statement execute function audit_entries_are_final();
  `)
}

/** Gives `role` what the running server needs on every table: rows, but neither tables nor changes to the ledger. */
export async function grantApplication(client: postgres.Sql, role: string): Promise<void> {
  const name = `"${role.replaceAll('"', '""')}"`
  const [current] = await client`select current_user = ${role} as same`
  if (current?.same) return
  await client.unsafe(`
    grant usage on schema public to ${name};
    grant select, insert, update, delete on all tables in schema public to ${name};
    grant usage, select on all sequences in schema public to ${name};
    revoke update, delete, truncate on audit_entries from ${name};
  `)
}

-- Takes the ledger's lock, then returns its last entry: one round trip. The function is volatile, so its query sees what
-- was committed while it waited for the lock; a plain statement would read the end of the ledger as it was before.
CREATE FUNCTION ledger_tail() RETURNS TABLE (sequence bigint, hash bytea) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('keyward ledger', 0));
  RETURN QUERY SELECT e.sequence, e.hash FROM audit_entries e ORDER BY e.sequence DESC LIMIT 1;
END
$$;
--> statement-breakpoint
-- The term's row is held until the writer commits: a rotation that closes the term waits for it, and then sees its grant.
-- Only terms for records seal grants.
CREATE FUNCTION refuse_inactive_term() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM keyring WHERE term = NEW.key_term AND purpose = 'records' AND state = 'active' FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'Term % is not active.', NEW.key_term USING ERRCODE = 'KW001';
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER grants_under_active_terms BEFORE INSERT OR UPDATE OF key_term ON grants
  FOR EACH ROW EXECUTE FUNCTION refuse_inactive_term();

-- The ledger only grows: no role, its owner included, changes what is written.
CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'The audit ledger only grows.' USING ERRCODE = 'KW001';
END
$$;
--> statement-breakpoint
CREATE TRIGGER ledger_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
--> statement-breakpoint
-- Nothing new is sealed under a term that is on its way out: the writer reloads its keyring and tries again.
CREATE FUNCTION refuse_inactive_term() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT state FROM keyring WHERE term = NEW.key_term) IS DISTINCT FROM 'active' THEN
    RAISE EXCEPTION 'Term % is not active.', NEW.key_term USING ERRCODE = 'KW002';
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER grants_under_active_terms BEFORE INSERT OR UPDATE OF key_term ON grants
  FOR EACH ROW EXECUTE FUNCTION refuse_inactive_term();

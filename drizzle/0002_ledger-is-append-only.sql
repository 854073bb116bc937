-- Nothing new is sealed under a term that is on its way out: the writer reloads its keyring and tries again.
CREATE FUNCTION refuse_inactive_term() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT state FROM keyring WHERE term = NEW.key_term) IS DISTINCT FROM 'active' THEN
    RAISE EXCEPTION 'Term % is not active.', NEW.key_term USING ERRCODE = 'KW001';
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER grants_under_active_terms BEFORE INSERT OR UPDATE OF key_term ON grants
  FOR EACH ROW EXECUTE FUNCTION refuse_inactive_term();

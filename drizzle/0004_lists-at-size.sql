-- The parts of 3 characters of a search key, and the shorter ones from "smallest" on, as numbers that are an owner's own:
-- of two owners' parts none are alike but by chance. What a search for any part goes by, without any extension.
CREATE FUNCTION search_grams(owner uuid, search_key text, smallest integer) RETURNS bigint[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  select array(
    select hashtextextended(substr(search_key, place, size), uuid_hash_extended(owner, 0))
    from generate_series(smallest, 3) size, generate_series(1, length(search_key) - size + 1) place)
$$;--> statement-breakpoint
CREATE INDEX "associations_refused" ON "associations" USING btree ("owner_id","credential_id") WHERE last_sign_in_code like 'auth.%';--> statement-breakpoint
CREATE INDEX "associations_moved" ON "associations" USING btree ("owner_id","credential_id") WHERE moved_at is not null;--> statement-breakpoint
CREATE INDEX "associations_weak" ON "associations" USING btree ("owner_id","credential_id") WHERE weak_tls;--> statement-breakpoint
CREATE INDEX "credentials_owner_ends" ON "credentials" USING btree ("owner_id",coalesce(expires_at, 'infinity'::timestamptz),"id");--> statement-breakpoint
CREATE INDEX "credentials_owner_idle" ON "credentials" USING btree ("owner_id",coalesce(last_used_at, created_at));--> statement-breakpoint
CREATE INDEX "credentials_owner_type" ON "credentials" USING btree ("owner_id","type","name_key");--> statement-breakpoint
CREATE INDEX "credentials_search" ON "credentials" USING gin (search_grams(owner_id, search_key, 1));
ALTER TABLE "associations" drop column "weak_tls";--> statement-breakpoint
ALTER TABLE "associations" ADD COLUMN "weak_tls" boolean GENERATED ALWAYS AS (destination not like '% tls=verify-full ca=%' and destination !~ '^[a-z0-9-]+://(localhost|127[.][0-9.]+|\[::1\]):') STORED NOT NULL;--> statement-breakpoint
-- The old one went with its column.
CREATE INDEX "associations_weak" ON "associations" USING btree ("owner_id","credential_id") WHERE weak_tls;

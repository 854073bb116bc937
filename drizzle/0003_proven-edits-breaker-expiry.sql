CREATE TABLE "bulk_items" (
	"job_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"credential_id" uuid NOT NULL,
	"name" text NOT NULL,
	"state" text NOT NULL,
	"reason" text,
	CONSTRAINT "bulk_items_job_id_position_pk" PRIMARY KEY("job_id","position")
);
--> statement-breakpoint
CREATE TABLE "bulk_jobs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"action" text NOT NULL,
	"new_owner_id" uuid,
	"expires_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp with time zone,
	"heartbeat_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	"cancel_requested_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "credential_shares" (
	"credential_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"organization_id" uuid NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" uuid NOT NULL,
	CONSTRAINT "credential_shares_credential_id_user_id_pk" PRIMARY KEY("credential_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "deliveries" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"channel" text NOT NULL,
	"recipient" text,
	"event" text NOT NULL,
	"body" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp with time zone,
	"delivered_at" timestamp with time zone,
	"last_error" text
);
--> statement-breakpoint
CREATE TABLE "expiry_reminders" (
	"credential_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"days" integer NOT NULL,
	"organization_id" uuid NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "expiry_reminders_credential_id_version_expires_at_days_pk" PRIMARY KEY("credential_id","version","expires_at","days")
);
--> statement-breakpoint
CREATE TABLE "missed_uses" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"credential_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"purpose" text NOT NULL,
	"because" text NOT NULL,
	"first_at" timestamp with time zone NOT NULL,
	"last_at" timestamp with time zone NOT NULL,
	"times" integer DEFAULT 1 NOT NULL,
	"closed_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "proven_edit_trials" (
	"id" uuid PRIMARY KEY NOT NULL,
	"edit_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"dataset_id" uuid,
	"old_code" text,
	"new_code" text,
	"old_diagnosis" jsonb,
	"new_diagnosis" jsonb,
	"finished_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "proven_edits" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"credential_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"base_version" integer NOT NULL,
	"base_revision" integer NOT NULL,
	"name" text NOT NULL,
	"name_key" text NOT NULL,
	"description" text NOT NULL,
	"username" text,
	"state" text NOT NULL,
	"created_by" uuid NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"heartbeat_at" timestamp with time zone,
	"decided_at" timestamp with time zone,
	"decided_by" uuid,
	"split_credential_id" uuid
);
--> statement-breakpoint
ALTER TABLE "credential_versions" ALTER COLUMN "payload" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "associations" ADD COLUMN "moved_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "associations" ADD COLUMN "weak_tls" boolean GENERATED ALWAYS AS (destination not like '% tls=verify-full ca=%') STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "credential_versions" ADD COLUMN "restored_from" integer;--> statement-breakpoint
ALTER TABLE "credential_versions" ADD COLUMN "pending_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "credential_versions" ADD COLUMN "replaced_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "credential_versions" ADD COLUMN "expires_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "credential_versions" ADD COLUMN "expiry_source" text;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "search_key" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "expires_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "expiry_source" text;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "paused_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "paused_code" text;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "paused_connection_id" uuid;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "trial_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "held_from" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "held_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "bulk_items" ADD CONSTRAINT "bulk_items_job_id_bulk_jobs_id_fk" FOREIGN KEY ("job_id") REFERENCES "public"."bulk_jobs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bulk_jobs" ADD CONSTRAINT "bulk_jobs_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credential_shares" ADD CONSTRAINT "credential_shares_credential_id_credentials_id_fk" FOREIGN KEY ("credential_id") REFERENCES "public"."credentials"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credential_shares" ADD CONSTRAINT "credential_shares_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "expiry_reminders" ADD CONSTRAINT "expiry_reminders_credential_id_version_credential_versions_credential_id_version_fk" FOREIGN KEY ("credential_id","version") REFERENCES "public"."credential_versions"("credential_id","version") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "missed_uses" ADD CONSTRAINT "missed_uses_credential_id_credentials_id_fk" FOREIGN KEY ("credential_id") REFERENCES "public"."credentials"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "missed_uses" ADD CONSTRAINT "missed_uses_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "proven_edit_trials" ADD CONSTRAINT "proven_edit_trials_edit_id_proven_edits_id_fk" FOREIGN KEY ("edit_id") REFERENCES "public"."proven_edits"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "proven_edit_trials" ADD CONSTRAINT "proven_edit_trials_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "proven_edits" ADD CONSTRAINT "proven_edits_credential_id_credentials_id_fk" FOREIGN KEY ("credential_id") REFERENCES "public"."credentials"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "bulk_jobs_user" ON "bulk_jobs" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE INDEX "bulk_jobs_open" ON "bulk_jobs" USING btree ("created_at") WHERE started_at is not null and finished_at is null;--> statement-breakpoint
CREATE INDEX "credential_shares_user" ON "credential_shares" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "deliveries_due" ON "deliveries" USING btree ("next_attempt_at") WHERE next_attempt_at is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "missed_uses_open" ON "missed_uses" USING btree ("credential_id","connection_id","purpose","because") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "missed_uses_credential" ON "missed_uses" USING btree ("credential_id","last_at");--> statement-breakpoint
CREATE UNIQUE INDEX "proven_edit_trials_sign_in" ON "proven_edit_trials" USING btree ("edit_id","connection_id") WHERE dataset_id is null;--> statement-breakpoint
CREATE UNIQUE INDEX "proven_edit_trials_dataset" ON "proven_edit_trials" USING btree ("edit_id","dataset_id") WHERE dataset_id is not null;--> statement-breakpoint
CREATE INDEX "proven_edits_credential" ON "proven_edits" USING btree ("credential_id","created_at");--> statement-breakpoint
CREATE INDEX "proven_edits_open" ON "proven_edits" USING btree ("expires_at") WHERE state in ('trying', 'tried');--> statement-breakpoint
CREATE INDEX "credential_versions_pending" ON "credential_versions" USING btree ("pending_until") WHERE pending_until is not null;--> statement-breakpoint
CREATE INDEX "credential_versions_replaced" ON "credential_versions" USING btree ("replaced_at") WHERE replaced_at is not null and payload is not null;--> statement-breakpoint
CREATE INDEX "credentials_owner_expires" ON "credentials" USING btree ("owner_id","expires_at") WHERE expires_at is not null;--> statement-breakpoint
CREATE INDEX "credentials_owner_paused" ON "credentials" USING btree ("owner_id","id") WHERE paused_at is not null;--> statement-breakpoint
CREATE INDEX "credentials_expires" ON "credentials" USING btree ("expires_at") WHERE expires_at is not null;--> statement-breakpoint
CREATE INDEX "credentials_held" ON "credentials" USING btree ("held_until") WHERE held_until is not null;--> statement-breakpoint
-- What was stored before: names are folded already, usernames as far as the database can.
UPDATE "credentials" SET "search_key" = regexp_replace(normalize(name_key || ' ' || lower(coalesce(username, '')), NFKD), '[\u0300-\u036f]', '', 'g');--> statement-breakpoint
UPDATE "credential_versions" AS earlier SET "replaced_at" = coalesce((SELECT min(later.created_at) FROM "credential_versions" AS later WHERE later.credential_id = earlier.credential_id AND later.version > earlier.version), now()) WHERE NOT EXISTS (SELECT FROM "credentials" WHERE id = earlier.credential_id AND current_version <= earlier.version);--> statement-breakpoint
-- Health checks that a refusal stopped: what is paused from now on is their account, which nobody tries again by itself.
UPDATE "credentials" SET "paused_at" = now(), "paused_code" = stopped.health_stopped_code, "paused_connection_id" = stopped.id FROM "connections" AS stopped WHERE stopped.health_credential_id = "credentials"."id" AND stopped.health_stopped_code IN ('auth.refused', 'auth.expired', 'auth.locked');--> statement-breakpoint
UPDATE "connections" SET "health_stopped_code" = NULL, "health_next_at" = now() WHERE "health_stopped_code" IS NOT NULL;
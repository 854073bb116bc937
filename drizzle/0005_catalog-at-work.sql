-- The parts of 2 and 3 characters of a search key, once for each person who may see what it belongs to: the numbers that
-- search_grams() makes of a text for one of them, so that everybody's lists in an index are their own. It is expensive, so
-- that the planner asks the index.
CREATE FUNCTION viewers_grams(viewers uuid[], search_key text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS $$
  select array(
    select distinct hashtextextended(substr(search_key, place, size), uuid_hash_extended(viewer, 0))
    from unnest(viewers) viewer, generate_series(2, 3) size, generate_series(1, length(search_key) - size + 1) place)
$$;--> statement-breakpoint
CREATE TABLE "analyses" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"dataset_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"version_id" uuid NOT NULL,
	"subject" text NOT NULL,
	"status" text NOT NULL,
	"percent" integer DEFAULT 0 NOT NULL,
	"result" "bytea",
	"message" text,
	"created_by" uuid NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"heartbeat_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone,
	"cancel_requested_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "dataset_lineage" (
	"version_id" uuid NOT NULL,
	"name" text NOT NULL,
	"input_id" uuid NOT NULL,
	"input_version" integer NOT NULL,
	CONSTRAINT "dataset_lineage_version_id_name_pk" PRIMARY KEY("version_id","name")
);
--> statement-breakpoint
CREATE TABLE "dataset_shares" (
	"dataset_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"organization_id" uuid NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" uuid NOT NULL,
	CONSTRAINT "dataset_shares_dataset_id_user_id_pk" PRIMARY KEY("dataset_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "dataset_tags" (
	"dataset_id" uuid NOT NULL,
	"tag" text NOT NULL,
	"tag_key" text NOT NULL,
	CONSTRAINT "dataset_tags_dataset_id_tag_key_pk" PRIMARY KEY("dataset_id","tag_key")
);
--> statement-breakpoint
CREATE TABLE "notification_choices" (
	"user_id" uuid NOT NULL,
	"topic" text NOT NULL,
	"email" boolean NOT NULL,
	CONSTRAINT "notification_choices_user_id_topic_pk" PRIMARY KEY("user_id","topic")
);
--> statement-breakpoint
CREATE TABLE "notifications" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"event" text NOT NULL,
	"key" text NOT NULL,
	"resource_type" text NOT NULL,
	"resource_id" uuid NOT NULL,
	"by_id" uuid,
	"details" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"read_at" timestamp with time zone,
	"pending" boolean DEFAULT true NOT NULL
);
--> statement-breakpoint
CREATE TABLE "schedule_runs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"schedule_id" uuid NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	"trigger" text NOT NULL,
	"state" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"version_id" uuid,
	"version_number" integer,
	"code" text,
	"reason" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "schedules" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"dataset_id" uuid NOT NULL,
	"credential_id" uuid,
	"set_by" uuid NOT NULL,
	"rule" jsonb NOT NULL,
	"time_zone" text NOT NULL,
	"catch_up" text NOT NULL,
	"keep_versions" integer,
	"keep_days" integer,
	"state" text DEFAULT 'active' NOT NULL,
	"reason" text,
	"state_at" timestamp with time zone DEFAULT now() NOT NULL,
	"state_by" uuid,
	"next_at" timestamp with time zone NOT NULL,
	"make_up_run_id" uuid,
	"revision" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "connection_search" (
	"connection_id" uuid PRIMARY KEY NOT NULL,
	"viewers" uuid[] NOT NULL,
	"text_key" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "dataset_search" (
	"dataset_id" uuid PRIMARY KEY NOT NULL,
	"viewers" uuid[] NOT NULL,
	"text_key" text NOT NULL,
	"columns_key" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "dataset_keys" (
	"dataset_id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"key_term" integer NOT NULL,
	"sealed" "bytea" NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "dataset_key_names_its_term" CHECK (octet_length("dataset_keys"."sealed") = 130 and get_byte("dataset_keys"."sealed", 0) = 1 and "dataset_keys"."key_term" = (get_byte("dataset_keys"."sealed", 2)::bigint << 24) + (get_byte("dataset_keys"."sealed", 3) << 16) + (get_byte("dataset_keys"."sealed", 4) << 8) + get_byte("dataset_keys"."sealed", 5))
);
--> statement-breakpoint
CREATE TABLE "organization_storage" (
	"organization_id" uuid PRIMARY KEY NOT NULL,
	"bytes" bigint DEFAULT 0 NOT NULL,
	"versions" integer DEFAULT 0 NOT NULL,
	"limit_bytes" bigint,
	"limit_changed_at" timestamp with time zone,
	CONSTRAINT "limit_is_positive" CHECK ("organization_storage"."limit_bytes" >= 0)
);
--> statement-breakpoint
DROP INDEX "dataset_versions_left";--> statement-breakpoint
ALTER TABLE "dataset_versions" ADD COLUMN "drift" jsonb;--> statement-breakpoint
ALTER TABLE "dataset_versions" ADD COLUMN "cancel_requested_by" uuid;--> statement-breakpoint
ALTER TABLE "datasets" ADD COLUMN "description" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "datasets" ADD COLUMN "is_dynamic" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "datasets" ADD COLUMN "addition_id" uuid;--> statement-breakpoint
ALTER TABLE "datasets" ADD COLUMN "inputs" jsonb;--> statement-breakpoint
ALTER TABLE "datasets" ADD COLUMN "erased_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "analyses" ADD CONSTRAINT "analyses_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "analyses" ADD CONSTRAINT "analyses_version_id_dataset_versions_id_fk" FOREIGN KEY ("version_id") REFERENCES "public"."dataset_versions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dataset_lineage" ADD CONSTRAINT "dataset_lineage_version_id_dataset_versions_id_fk" FOREIGN KEY ("version_id") REFERENCES "public"."dataset_versions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dataset_shares" ADD CONSTRAINT "dataset_shares_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dataset_shares" ADD CONSTRAINT "dataset_shares_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dataset_tags" ADD CONSTRAINT "dataset_tags_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notification_choices" ADD CONSTRAINT "notification_choices_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notifications" ADD CONSTRAINT "notifications_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedule_runs" ADD CONSTRAINT "schedule_runs_schedule_id_schedules_id_fk" FOREIGN KEY ("schedule_id") REFERENCES "public"."schedules"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedules" ADD CONSTRAINT "schedules_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedules" ADD CONSTRAINT "schedules_credential_id_credentials_id_fk" FOREIGN KEY ("credential_id") REFERENCES "public"."credentials"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedules" ADD CONSTRAINT "schedules_set_by_users_id_fk" FOREIGN KEY ("set_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "connection_search" ADD CONSTRAINT "connection_search_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dataset_search" ADD CONSTRAINT "dataset_search_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dataset_keys" ADD CONSTRAINT "dataset_keys_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dataset_keys" ADD CONSTRAINT "dataset_keys_key_term_keyring_term_fk" FOREIGN KEY ("key_term") REFERENCES "public"."keyring"("term") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "organization_storage" ADD CONSTRAINT "organization_storage_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "analyses_subject" ON "analyses" USING btree ("subject");--> statement-breakpoint
CREATE INDEX "analyses_dataset" ON "analyses" USING btree ("dataset_id");--> statement-breakpoint
CREATE INDEX "analyses_version" ON "analyses" USING btree ("version_id");--> statement-breakpoint
CREATE INDEX "analyses_open" ON "analyses" USING btree ("status") WHERE status in ('queued', 'running');--> statement-breakpoint
CREATE INDEX "dataset_lineage_input" ON "dataset_lineage" USING btree ("input_id");--> statement-breakpoint
CREATE INDEX "dataset_shares_user" ON "dataset_shares" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "dataset_tags_key" ON "dataset_tags" USING btree ("tag_key","dataset_id");--> statement-breakpoint
CREATE UNIQUE INDEX "notifications_once" ON "notifications" USING btree ("user_id","event","key");--> statement-breakpoint
CREATE INDEX "notifications_list" ON "notifications" USING btree ("user_id",(read_at is null),"id");--> statement-breakpoint
CREATE INDEX "notifications_pending" ON "notifications" USING btree ("id") WHERE pending;--> statement-breakpoint
CREATE INDEX "notifications_created" ON "notifications" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "schedule_runs_due" ON "schedule_runs" USING btree ("schedule_id","due_at");--> statement-breakpoint
CREATE INDEX "schedule_runs_open" ON "schedule_runs" USING btree ("changed_at") WHERE state in ('waiting', 'running');--> statement-breakpoint
CREATE UNIQUE INDEX "schedules_dataset" ON "schedules" USING btree ("dataset_id");--> statement-breakpoint
CREATE INDEX "schedules_due" ON "schedules" USING btree ("next_at") WHERE state = 'active';--> statement-breakpoint
CREATE INDEX "schedules_make_up" ON "schedules" USING btree ("id") WHERE make_up_run_id is not null;--> statement-breakpoint
CREATE INDEX "schedules_credential" ON "schedules" USING btree ("credential_id");--> statement-breakpoint
CREATE INDEX "connection_search_text" ON "connection_search" USING gin (viewers_grams(viewers, text_key));--> statement-breakpoint
CREATE INDEX "dataset_search_text" ON "dataset_search" USING gin (viewers_grams(viewers, text_key));--> statement-breakpoint
CREATE INDEX "dataset_search_columns" ON "dataset_search" USING gin (viewers_grams(viewers, columns_key));--> statement-breakpoint
CREATE INDEX "dataset_keys_term" ON "dataset_keys" USING btree ("key_term");--> statement-breakpoint
CREATE INDEX "dataset_versions_stored" ON "dataset_versions" USING btree ("organization_id","dataset_id","bytes") WHERE file is not null and status = 'completed';--> statement-breakpoint
CREATE INDEX "datasets_addition" ON "datasets" USING btree ("addition_id");--> statement-breakpoint
CREATE INDEX "datasets_deleted" ON "datasets" USING btree ("deleted_at") WHERE deleted_at is not null;--> statement-breakpoint
CREATE INDEX "dataset_versions_left" ON "dataset_versions" USING btree ("status") WHERE file is not null and status in ('failed', 'cancelled', 'deleted');--> statement-breakpoint
ALTER TABLE "connections" DROP COLUMN "health_stopped_code";--> statement-breakpoint
-- As for grants: no key is written under a term that is not active, and a rotation that closes one waits for it.
CREATE TRIGGER dataset_keys_under_active_terms BEFORE INSERT OR UPDATE OF key_term ON dataset_keys
  FOR EACH ROW EXECUTE FUNCTION refuse_inactive_term();
--> statement-breakpoint
-- Keeps the total of an organization. Progress is written every second while a version runs and changes no total, so a
-- version that is not completed costs nothing here.
CREATE FUNCTION count_stored_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  before bigint := 0;
  after bigint := 0;
  was integer := 0;
  is_now integer := 0;
  owner uuid;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    owner := OLD.organization_id;
    IF OLD.status = 'completed' AND OLD.file IS NOT NULL THEN was := 1; before := OLD.bytes; END IF;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    owner := NEW.organization_id;
    IF NEW.status = 'completed' AND NEW.file IS NOT NULL THEN is_now := 1; after := NEW.bytes; END IF;
  END IF;
  IF was = is_now AND before = after THEN RETURN NULL; END IF;
  INSERT INTO organization_storage AS s (organization_id, bytes, versions) VALUES (owner, after - before, is_now - was)
    ON CONFLICT (organization_id) DO UPDATE SET bytes = s.bytes + excluded.bytes, versions = s.versions + excluded.versions;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER count_stored_version AFTER INSERT OR DELETE OR UPDATE OF status, file, bytes ON dataset_versions
  FOR EACH ROW EXECUTE FUNCTION count_stored_version();
--> statement-breakpoint
INSERT INTO organization_storage (organization_id, bytes, versions)
  SELECT organization_id, sum(bytes), count(*) FROM dataset_versions
  WHERE status = 'completed' AND file IS NOT NULL GROUP BY organization_id;
--> statement-breakpoint
-- What was deleted before is gone already: nothing of it could be restored.
UPDATE "datasets" SET "erased_at" = "deleted_at" WHERE "deleted_at" IS NOT NULL;

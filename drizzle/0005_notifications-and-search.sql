-- The parts of 2 and 3 characters of a search key, once for each person who may see what it belongs to: the numbers that
-- search_grams() makes of a text for one of them, so that everybody's lists in an index are their own. It is expensive, so
-- that the planner asks the index.
CREATE FUNCTION viewers_grams(viewers uuid[], search_key text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS $$
  select array(
    select distinct hashtextextended(substr(search_key, place, size), uuid_hash_extended(viewer, 0))
    from unnest(viewers) viewer, generate_series(2, 3) size, generate_series(1, length(search_key) - size + 1) place)
$$;--> statement-breakpoint
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
ALTER TABLE "dataset_versions" ADD COLUMN "cancel_requested_by" uuid;--> statement-breakpoint
ALTER TABLE "notification_choices" ADD CONSTRAINT "notification_choices_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notifications" ADD CONSTRAINT "notifications_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "connection_search" ADD CONSTRAINT "connection_search_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dataset_search" ADD CONSTRAINT "dataset_search_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "notifications_once" ON "notifications" USING btree ("user_id","event","key");--> statement-breakpoint
CREATE INDEX "notifications_list" ON "notifications" USING btree ("user_id",(read_at is null),"id");--> statement-breakpoint
CREATE INDEX "notifications_pending" ON "notifications" USING btree ("id") WHERE pending;--> statement-breakpoint
CREATE INDEX "notifications_created" ON "notifications" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "connection_search_text" ON "connection_search" USING gin (viewers_grams(viewers, text_key));--> statement-breakpoint
CREATE INDEX "dataset_search_text" ON "dataset_search" USING gin (viewers_grams(viewers, text_key));--> statement-breakpoint
CREATE INDEX "dataset_search_columns" ON "dataset_search" USING gin (viewers_grams(viewers, columns_key));
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
ALTER TABLE "dataset_versions" ADD COLUMN "drift" jsonb;--> statement-breakpoint
ALTER TABLE "datasets" ADD COLUMN "inputs" jsonb;--> statement-breakpoint
ALTER TABLE "analyses" ADD CONSTRAINT "analyses_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "analyses" ADD CONSTRAINT "analyses_version_id_dataset_versions_id_fk" FOREIGN KEY ("version_id") REFERENCES "public"."dataset_versions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dataset_lineage" ADD CONSTRAINT "dataset_lineage_version_id_dataset_versions_id_fk" FOREIGN KEY ("version_id") REFERENCES "public"."dataset_versions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "analyses_subject" ON "analyses" USING btree ("subject");--> statement-breakpoint
CREATE INDEX "analyses_dataset" ON "analyses" USING btree ("dataset_id");--> statement-breakpoint
CREATE INDEX "analyses_version" ON "analyses" USING btree ("version_id");--> statement-breakpoint
CREATE INDEX "analyses_open" ON "analyses" USING btree ("status") WHERE status in ('queued', 'running');--> statement-breakpoint
CREATE INDEX "dataset_lineage_input" ON "dataset_lineage" USING btree ("input_id");
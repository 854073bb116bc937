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
DROP INDEX "dataset_versions_left";--> statement-breakpoint
ALTER TABLE "datasets" ADD COLUMN "description" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "datasets" ADD COLUMN "is_dynamic" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "datasets" ADD COLUMN "addition_id" uuid;--> statement-breakpoint
ALTER TABLE "datasets" ADD COLUMN "erased_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "dataset_shares" ADD CONSTRAINT "dataset_shares_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dataset_shares" ADD CONSTRAINT "dataset_shares_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dataset_tags" ADD CONSTRAINT "dataset_tags_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "dataset_shares_user" ON "dataset_shares" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "dataset_tags_key" ON "dataset_tags" USING btree ("tag_key","dataset_id");--> statement-breakpoint
CREATE INDEX "datasets_addition" ON "datasets" USING btree ("addition_id");--> statement-breakpoint
CREATE INDEX "datasets_deleted" ON "datasets" USING btree ("deleted_at") WHERE deleted_at is not null;--> statement-breakpoint
CREATE INDEX "dataset_versions_left" ON "dataset_versions" USING btree ("status") WHERE file is not null and status in ('failed', 'cancelled', 'deleted');--> statement-breakpoint
-- What was deleted before is gone already: nothing of it could be restored.
UPDATE "datasets" SET "erased_at" = "deleted_at" WHERE "deleted_at" IS NOT NULL;

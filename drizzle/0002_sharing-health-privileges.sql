CREATE TABLE "connection_health" (
	"connection_id" uuid NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"code" text NOT NULL,
	"milliseconds" integer NOT NULL,
	CONSTRAINT "connection_health_connection_id_at_pk" PRIMARY KEY("connection_id","at")
);
--> statement-breakpoint
CREATE TABLE "connection_shares" (
	"connection_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"organization_id" uuid NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" uuid NOT NULL,
	CONSTRAINT "connection_shares_connection_id_user_id_pk" PRIMARY KEY("connection_id","user_id")
);
--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "health_minutes" integer;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "health_credential_id" uuid;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "health_next_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "health_stopped_code" text;--> statement-breakpoint
ALTER TABLE "associations" ADD COLUMN "privileges" jsonb;--> statement-breakpoint
ALTER TABLE "associations" ADD COLUMN "previous_privileges" jsonb;--> statement-breakpoint
ALTER TABLE "connection_health" ADD CONSTRAINT "connection_health_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "connection_shares" ADD CONSTRAINT "connection_shares_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "connection_shares" ADD CONSTRAINT "connection_shares_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "connection_shares_user" ON "connection_shares" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "connections_health" ON "connections" USING btree ("health_next_at") WHERE health_next_at is not null;
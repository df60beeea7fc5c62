-- Migrations as experienced people write them, for PostgreSQL 15: nothing in here is worth a reviewer's time.
-- `-- case: NAME` begins one; `-- then` begins its next file; what stands before the first case is there already.
CREATE SCHEMA billing;
CREATE TYPE order_state AS ENUM ('new', 'paid', 'sent');
CREATE DOMAIN email AS text;
CREATE TABLE tenants (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, slug text NOT NULL UNIQUE, name text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE users (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tenant_id bigint NOT NULL REFERENCES tenants (id),
	email text NOT NULL,
	name varchar(80),
	phone text,
	legacy_flags integer,
	settings jsonb NOT NULL DEFAULT '{}',
	created_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT users_email_key UNIQUE (tenant_id, email)
);
CREATE INDEX users_created_idx ON users (created_at);
CREATE INDEX users_name_idx ON users (name);
CREATE TABLE orders (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tenant_id bigint NOT NULL REFERENCES tenants (id),
	user_id bigint NOT NULL,
	state order_state NOT NULL DEFAULT 'new',
	total numeric(12,2) NOT NULL DEFAULT 0,
	note varchar(200),
	weight numeric(8,2),
	placed_at timestamptz,
	CONSTRAINT orders_total_check CHECK (total >= 0)
);
CREATE INDEX orders_user_idx ON orders (user_id);
CREATE INDEX orders_tenant_idx ON orders (tenant_id);
CREATE TABLE order_lines (order_id bigint NOT NULL REFERENCES orders (id), line integer NOT NULL, sku text, amount integer NOT NULL DEFAULT 1, PRIMARY KEY (order_id, line));
CREATE TABLE roles (id smallint PRIMARY KEY, key text NOT NULL UNIQUE, label text);
CREATE TABLE billing.invoices (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id bigint, number text NOT NULL, sent_at timestamptz);
CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, day date NOT NULL, payload jsonb, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.created_at := now(); RETURN NEW; END $$;
CREATE MATERIALIZED VIEW totals AS SELECT tenant_id, sum(total) AS total FROM orders GROUP BY tenant_id;
CREATE UNIQUE INDEX totals_tenant_idx ON totals (tenant_id);
CREATE VIEW paid_orders AS SELECT id, user_id, total FROM orders WHERE state = 'paid';
CREATE ROLE reporting;
CREATE ROLE app;

-- case: a new table with its indexes, keys and comments
CREATE TABLE api_keys (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	user_id bigint NOT NULL,
	hash bytea NOT NULL UNIQUE,
	scopes text[] NOT NULL DEFAULT '{}',
	last_used_at timestamptz,
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX api_keys_user_idx ON api_keys (user_id);
CREATE INDEX api_keys_scopes_idx ON api_keys USING gin (scopes);
COMMENT ON TABLE api_keys IS 'Keys of the public interface, hashed';
COMMENT ON COLUMN api_keys.hash IS 'SHA-256 of the secret';
-- case: a new table that refers to busy ones, under a lock timeout
SET LOCAL lock_timeout = '2s';
CREATE TABLE devices (
	id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	platform text NOT NULL CHECK (platform IN ('ios', 'android', 'web'))
);
CREATE INDEX devices_user_idx ON devices (user_id);
-- case: a new table that may be there
CREATE TABLE IF NOT EXISTS feature_flags (key text PRIMARY KEY, enabled boolean NOT NULL DEFAULT false, updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX IF NOT EXISTS feature_flags_enabled_idx ON feature_flags (enabled) WHERE enabled;
-- case: a table with volatile defaults, for it is new
CREATE TABLE sessions (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, seen_at timestamptz NOT NULL DEFAULT clock_timestamp(), n double precision DEFAULT random());
-- case: a join table
CREATE TABLE user_roles (user_id bigint NOT NULL, role_id smallint NOT NULL, PRIMARY KEY (user_id, role_id));
CREATE INDEX user_roles_role_idx ON user_roles (role_id);
-- case: a table made from a query in another schema
CREATE SCHEMA IF NOT EXISTS archive;
CREATE TABLE archive.roles_2024 AS SELECT * FROM roles WHERE id < 100;
-- case: a partitioned table with its first partitions
CREATE TABLE metrics (id bigint NOT NULL, at timestamptz NOT NULL, value double precision, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE metrics_2026_01 PARTITION OF metrics FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE metrics_2026_02 PARTITION OF metrics FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE INDEX metrics_at_idx ON metrics (at);
-- case: a column without a default
ALTER TABLE users ADD COLUMN last_login_at timestamptz;
-- case: a column with a constant default, NOT NULL
ALTER TABLE users ADD COLUMN locale text NOT NULL DEFAULT 'en';
-- case: a column with a stable default
ALTER TABLE orders ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now();
-- case: a column with an empty array and one with an empty object
ALTER TABLE users ADD COLUMN tags text[] NOT NULL DEFAULT '{}', ADD COLUMN prefs jsonb NOT NULL DEFAULT '{}'::jsonb;
-- case: a guarded column
ALTER TABLE users ADD COLUMN IF NOT EXISTS avatar_url text;
-- case: a column of an enum with a constant default
ALTER TABLE billing.invoices ADD COLUMN state order_state NOT NULL DEFAULT 'new';
-- case: a column and a default for new rows only
ALTER TABLE orders ADD COLUMN public_id uuid;
ALTER TABLE orders ALTER COLUMN public_id SET DEFAULT gen_random_uuid();
-- case: a column under a lock timeout
SET LOCAL lock_timeout = '1s';
SET LOCAL statement_timeout = '10s';
ALTER TABLE orders ADD COLUMN currency char(3) NOT NULL DEFAULT 'EUR';
-- case: a column of a domain without constraints
ALTER TABLE users ADD COLUMN backup_email email;
-- case: several columns at once
ALTER TABLE users ADD COLUMN street text, ADD COLUMN city text, ADD COLUMN zip text;
-- case: an index built concurrently
-- belay:no-transaction
CREATE INDEX CONCURRENTLY orders_placed_idx ON orders (placed_at);
-- case: what a failed build left is dropped first
-- belay:no-transaction
DROP INDEX CONCURRENTLY IF EXISTS orders_placed_idx;
CREATE INDEX CONCURRENTLY orders_placed_idx ON orders (placed_at);
-- case: a partial index built concurrently, with time enough
-- belay:no-transaction
SET lock_timeout = 0;
SET statement_timeout = 0;
CREATE INDEX CONCURRENTLY orders_open_idx ON orders (tenant_id, placed_at) WHERE state <> 'sent';
-- case: an expression index and one with INCLUDE
-- belay:no-transaction
CREATE INDEX CONCURRENTLY users_lower_email_idx ON users (lower(email));
CREATE INDEX CONCURRENTLY orders_user_total_idx ON orders (user_id) INCLUDE (total);
-- case: a gin index built concurrently
-- belay:no-transaction
CREATE INDEX CONCURRENTLY users_settings_idx ON users USING gin (settings jsonb_path_ops);
-- case: a unique constraint over an index built concurrently
-- belay:no-transaction
CREATE UNIQUE INDEX CONCURRENTLY invoices_number_key ON billing.invoices (number);
-- then
SET LOCAL lock_timeout = '2s';
ALTER TABLE billing.invoices ADD CONSTRAINT invoices_number_key UNIQUE USING INDEX invoices_number_key;
-- case: an index is replaced: the new one first
-- belay:no-transaction
CREATE INDEX CONCURRENTLY users_name_created_idx ON users (name, created_at);
DROP INDEX CONCURRENTLY users_name_idx;
-- case: an index is dropped concurrently
-- belay:no-transaction
DROP INDEX CONCURRENTLY IF EXISTS users_created_idx;
-- case: an index is built anew concurrently
-- belay:no-transaction
REINDEX INDEX CONCURRENTLY orders_user_idx;
-- case: an index on a partitioned table, partition by partition
CREATE INDEX events_day_idx ON ONLY events (day);
-- then
-- belay:no-transaction
CREATE INDEX CONCURRENTLY events_2025_day_idx ON events_2025 (day);
CREATE INDEX CONCURRENTLY events_2024_day_idx ON events_2024 (day);
-- then
ALTER INDEX events_day_idx ATTACH PARTITION events_2025_day_idx;
ALTER INDEX events_day_idx ATTACH PARTITION events_2024_day_idx;
-- case: an index gets another name
ALTER INDEX users_created_idx RENAME TO users_created_at_idx;
-- case: a check NOT VALID, validated in a later file
ALTER TABLE order_lines ADD CONSTRAINT order_lines_amount_positive CHECK (amount > 0) NOT VALID;
-- then
ALTER TABLE order_lines VALIDATE CONSTRAINT order_lines_amount_positive;
-- case: a foreign key NOT VALID, validated in a later file
SET LOCAL lock_timeout = '2s';
ALTER TABLE orders ADD CONSTRAINT orders_user_fkey FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
-- then
ALTER TABLE orders VALIDATE CONSTRAINT orders_user_fkey;
-- case: a foreign key, in one file without a transaction
-- belay:no-transaction
ALTER TABLE orders ADD CONSTRAINT orders_user_fkey FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_user_fkey;
-- case: NOT NULL by way of a check
UPDATE users SET phone = '' WHERE id BETWEEN 1 AND 5000 AND phone IS NULL;
-- then
ALTER TABLE users ADD CONSTRAINT users_phone_set CHECK (phone IS NOT NULL) NOT VALID;
-- then
ALTER TABLE users VALIDATE CONSTRAINT users_phone_set;
-- then
ALTER TABLE users ALTER COLUMN phone SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT users_phone_set;
-- case: a foreign key for a new column: column, index, key, proof
ALTER TABLE billing.invoices ADD COLUMN user_id bigint;
-- then
-- belay:no-transaction
CREATE INDEX CONCURRENTLY invoices_user_idx ON billing.invoices (user_id);
-- then
SET LOCAL lock_timeout = '2s';
ALTER TABLE billing.invoices ADD CONSTRAINT invoices_user_fkey FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
-- then
ALTER TABLE billing.invoices VALIDATE CONSTRAINT invoices_user_fkey;
-- case: a check is replaced by a wider one
ALTER TABLE orders DROP CONSTRAINT orders_total_check, ADD CONSTRAINT orders_total_check CHECK (total >= -100) NOT VALID;
-- then
ALTER TABLE orders VALIDATE CONSTRAINT orders_total_check;
-- case: a constraint gets another name
ALTER TABLE orders RENAME CONSTRAINT orders_total_check TO orders_total_not_negative;
-- case: a varchar grows
ALTER TABLE users ALTER COLUMN name TYPE varchar(200);
-- case: a varchar becomes text
ALTER TABLE orders ALTER COLUMN note TYPE text;
-- case: a numeric gets more digits before the point
ALTER TABLE orders ALTER COLUMN weight TYPE numeric(12,2);
-- case: a varchar loses its limit
ALTER TABLE users ALTER COLUMN name TYPE varchar;
-- case: a default changes
ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'paid';
-- case: a default for a column that had none
ALTER TABLE users ALTER COLUMN legacy_flags SET DEFAULT 0;
-- case: statistics and storage parameters
ALTER TABLE orders ALTER COLUMN tenant_id SET STATISTICS 1000;
ALTER TABLE orders SET (autovacuum_vacuum_scale_factor = 0.02, fillfactor = 90);
-- case: extended statistics and ANALYZE
CREATE STATISTICS orders_tenant_user (dependencies) ON tenant_id, user_id FROM orders;
ANALYZE orders;
-- case: a backfill by key ranges
-- belay:no-transaction
UPDATE users SET legacy_flags = 0 WHERE id BETWEEN 1 AND 10000 AND legacy_flags IS NULL;
UPDATE users SET legacy_flags = 0 WHERE id BETWEEN 10001 AND 20000 AND legacy_flags IS NULL;
-- case: a backfill that belay does in batches
-- belay:no-transaction
-- belay:batched
UPDATE users SET legacy_flags = 0 WHERE legacy_flags IS NULL;
-- case: one row by its key
UPDATE tenants SET name = 'Acme' WHERE id = 42;
-- case: a few rows by a unique column
UPDATE roles SET label = 'Owner' WHERE key = 'owner';
-- case: one row is deleted by its key
DELETE FROM roles WHERE id = 99;
-- case: seeds that may be there
INSERT INTO roles (id, key, label) VALUES (1, 'owner', 'Owner'), (2, 'admin', 'Administrator'), (3, 'guest', 'Guest')
ON CONFLICT (id) DO UPDATE SET key = excluded.key, label = excluded.label;
-- case: seeds that are left alone when there
INSERT INTO roles (id, key) VALUES (4, 'auditor') ON CONFLICT DO NOTHING;
-- case: seeds of a table that is made here
CREATE TABLE countries (code char(2) PRIMARY KEY, name text NOT NULL);
INSERT INTO countries (code, name) VALUES ('DE', 'Germany'), ('FR', 'France'), ('PL', 'Poland');
-- case: a view
CREATE VIEW open_orders AS SELECT id, tenant_id, total FROM orders WHERE state = 'new';
COMMENT ON VIEW open_orders IS 'Orders that wait for payment';
-- case: a view gets another column at its end
CREATE OR REPLACE VIEW paid_orders AS SELECT id, user_id, total, placed_at FROM orders WHERE state = 'paid';
-- case: a view is made anew
DROP VIEW paid_orders;
CREATE VIEW paid_orders AS SELECT id, total FROM orders WHERE state IN ('paid', 'sent');
GRANT SELECT ON paid_orders TO reporting;
-- case: a materialized view without data, filled later
CREATE MATERIALIZED VIEW user_counts AS SELECT tenant_id, count(*) AS n FROM users GROUP BY tenant_id WITH NO DATA;
CREATE UNIQUE INDEX user_counts_tenant_idx ON user_counts (tenant_id);
-- case: a materialized view is refreshed beside its readers
REFRESH MATERIALIZED VIEW CONCURRENTLY totals;
-- case: a function and its owner's path
CREATE OR REPLACE FUNCTION order_total(o bigint) RETURNS numeric LANGUAGE sql STABLE AS $$ SELECT total FROM orders WHERE id = o $$;
-- case: a definer function with its path
CREATE FUNCTION billing.next_number() RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = billing, pg_temp AS $$
BEGIN
	RETURN 'R' || nextval('billing.invoices_id_seq');
END $$;
REVOKE ALL ON FUNCTION billing.next_number() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION billing.next_number() TO app;
-- case: a procedure
CREATE PROCEDURE archive_day(d date) LANGUAGE plpgsql AS $$ BEGIN DELETE FROM events WHERE day = d; COMMIT; END $$;
-- case: a trigger under a lock timeout
SET LOCAL lock_timeout = '2s';
CREATE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
-- case: a trigger on a new table
CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text, created_at timestamptz NOT NULL DEFAULT now());
CREATE TRIGGER notes_touch BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION touch();
-- case: a trigger is replaced
SET LOCAL lock_timeout = '2s';
CREATE OR REPLACE TRIGGER users_touch BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
-- case: an enum and a column of it on a new table
CREATE TYPE ticket_state AS ENUM ('open', 'closed');
CREATE TABLE tickets (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, state ticket_state NOT NULL DEFAULT 'open');
-- case: an enum gets a value
ALTER TYPE order_state ADD VALUE IF NOT EXISTS 'refunded' AFTER 'sent';
-- case: an enum gets a value, used by the next file
ALTER TYPE order_state ADD VALUE 'returned';
-- then
UPDATE orders SET state = 'returned' WHERE id = 7;
-- case: grants by name
GRANT SELECT ON users, orders TO reporting;
GRANT USAGE ON SCHEMA billing TO reporting;
GRANT INSERT, UPDATE ON billing.invoices TO app;
-- case: default privileges and a revoke
ALTER DEFAULT PRIVILEGES IN SCHEMA billing GRANT SELECT ON TABLES TO reporting;
REVOKE DELETE ON orders FROM app;
-- case: row level security with its policies
CREATE TABLE documents (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id bigint NOT NULL, body text);
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
CREATE POLICY documents_tenant ON documents USING (tenant_id = current_setting('app.tenant')::bigint) WITH CHECK (tenant_id = current_setting('app.tenant')::bigint);
-- case: policies first, security last, on a table in use
SET LOCAL lock_timeout = '2s';
CREATE POLICY tenants_own ON tenants USING (id = current_setting('app.tenant')::bigint);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
-- case: a partition is made apart, proven, and attached
CREATE TABLE events_2026 (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES);
ALTER TABLE events_2026 ADD CONSTRAINT events_2026_bound CHECK (day >= '2026-01-01' AND day < '2027-01-01');
-- then
SET LOCAL lock_timeout = '2s';
ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
ALTER TABLE events_2026 DROP CONSTRAINT events_2026_bound;
-- case: an old partition leaves beside the traffic
-- belay:no-transaction
ALTER TABLE events DETACH PARTITION events_2024 CONCURRENTLY;
-- case: a sequence
CREATE SEQUENCE billing.receipt_seq AS bigint START 1000;
GRANT USAGE ON SEQUENCE billing.receipt_seq TO app;
-- case: a schema with its tables
CREATE SCHEMA reports AUTHORIZATION CURRENT_USER;
CREATE TABLE reports.runs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, started_at timestamptz NOT NULL DEFAULT now(), ended_at timestamptz);
CREATE INDEX runs_started_idx ON reports.runs (started_at);
-- case: comments only
COMMENT ON TABLE orders IS 'One row per order; lines in order_lines';
COMMENT ON COLUMN orders.note IS 'What the customer wrote';
-- case: expand: a second column and a trigger that keeps it
ALTER TABLE users ADD COLUMN full_name text;
CREATE FUNCTION users_full_name() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.full_name := NEW.name; RETURN NEW; END $$;
CREATE TRIGGER users_full_name BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION users_full_name();
-- case: a do block that looks before it makes
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'readonly') THEN
		CREATE ROLE readonly NOLOGIN;
	END IF;
END $$;
-- case: a do block that makes a type once
DO $$
BEGIN
	CREATE TYPE channel AS ENUM ('mail', 'sms');
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
-- case: an extension that may be there
CREATE EXTENSION IF NOT EXISTS pg_trgm;
-- case: a generated column on a new table
CREATE TABLE rectangles (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, w numeric NOT NULL, h numeric NOT NULL, area numeric GENERATED ALWAYS AS (w * h) STORED);
-- case: NOT NULL goes
ALTER TABLE billing.invoices ALTER COLUMN number DROP NOT NULL;
-- case: replica identity by an index
ALTER TABLE roles REPLICA IDENTITY USING INDEX roles_key_key;
-- case: a publication
CREATE PUBLICATION feed FOR TABLE users, orders;
-- case: vacuum of one table
-- belay:no-transaction
VACUUM (ANALYZE) orders;
-- case: a scratch table for the duration
CREATE TEMPORARY TABLE picked (id bigint PRIMARY KEY) ON COMMIT DROP;
INSERT INTO picked SELECT id FROM users WHERE legacy_flags = 7;
CREATE INDEX ON picked (id);
DELETE FROM order_lines WHERE order_id IN (SELECT id FROM picked) AND line = 0;
-- case: a table and its own children's key
CREATE TABLE categories (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent_id bigint REFERENCES categories (id), name text NOT NULL);
CREATE INDEX categories_parent_idx ON categories (parent_id);
-- case: two new tables with a key between them
CREATE TABLE surveys (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL);
CREATE TABLE answers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, survey_id bigint NOT NULL REFERENCES surveys (id), body text);
CREATE INDEX answers_survey_idx ON answers (survey_id);
ALTER TABLE answers ADD CONSTRAINT answers_body_check CHECK (length(body) < 10000);
ALTER TABLE answers ADD CONSTRAINT answers_once UNIQUE (survey_id, body);
-- case: a new table is filled, then indexed
CREATE TABLE user_emails (user_id bigint PRIMARY KEY, email text NOT NULL);
INSERT INTO user_emails SELECT id, email FROM users WHERE id <= 1000;
CREATE UNIQUE INDEX user_emails_email_idx ON user_emails (lower(email));
-- case: a new table is changed before anybody uses it
CREATE TABLE drafts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body varchar(100));
ALTER TABLE drafts ALTER COLUMN body TYPE text;
ALTER TABLE drafts ADD COLUMN author bigint NOT NULL;
ALTER TABLE drafts RENAME COLUMN body TO content;
-- case: the search path for the functions that follow
SET LOCAL search_path = billing, public;
CREATE FUNCTION invoice_count() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM invoices';
-- case: rights of a new table
CREATE TABLE webhooks (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, url text NOT NULL, secret bytea);
ALTER TABLE webhooks OWNER TO app;
REVOKE ALL ON webhooks FROM PUBLIC;
-- case: an aggregate and an operator class are left to others; a cast is made
CREATE FUNCTION cents(numeric) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT ($1 * 100)::bigint';
-- case: a lone statement that reads
SELECT count(*) FROM users WHERE legacy_flags IS NULL;
-- case: a setting of the database for one role
ALTER ROLE reporting SET statement_timeout = '5min';
-- case: a foreign key between new tables, added afterwards
CREATE TABLE teams (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lead_id bigint);
CREATE TABLE members (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, team_id bigint NOT NULL REFERENCES teams (id));
CREATE INDEX members_team_idx ON members (team_id);
ALTER TABLE teams ADD CONSTRAINT teams_lead_fkey FOREIGN KEY (lead_id) REFERENCES members (id);
-- case: a rename that leaves the old name as a view
ALTER TABLE roles RENAME TO user_kinds;
CREATE VIEW roles AS SELECT * FROM user_kinds;
-- case: a list partition for a new tenant
CREATE TABLE logs (tenant integer NOT NULL, line text) PARTITION BY LIST (tenant);
CREATE TABLE logs_1 PARTITION OF logs FOR VALUES IN (1);
CREATE TABLE logs_rest PARTITION OF logs DEFAULT;
-- case: a backfill of a small lookup by key list
UPDATE roles SET label = initcap(key) WHERE id IN (1, 2, 3);
-- case: a merge by key
MERGE INTO roles r USING (VALUES (5, 'bot')) AS v (id, key) ON r.id = v.id WHEN NOT MATCHED THEN INSERT (id, key) VALUES (v.id, v.key);
-- case: an exclusion constraint on a new table
CREATE TABLE bookings (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, room integer NOT NULL, during tstzrange NOT NULL, EXCLUDE USING gist (during WITH &&));
-- case: drop of a function nobody calls any more, made anew with other arguments
DROP FUNCTION IF EXISTS order_count(integer);
CREATE FUNCTION order_count(bigint) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM orders WHERE user_id = $1';
-- case: constraint triggers and rules stay out; a deferrable key on a new table
CREATE TABLE ledger (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, entry bigint NOT NULL, CONSTRAINT ledger_entry UNIQUE (entry) DEFERRABLE INITIALLY DEFERRED);
-- case: cluster order is only noted
ALTER TABLE orders CLUSTER ON orders_user_idx;
-- case: an identity takes over from where rows stand, on a new table
CREATE TABLE imports (id bigint PRIMARY KEY, source text);
ALTER TABLE imports ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY;
-- case: a long transaction setting and one statement
SET LOCAL idle_in_transaction_session_timeout = '10s';
SET LOCAL lock_timeout = '500ms';
ALTER TABLE tenants ADD COLUMN plan text NOT NULL DEFAULT 'free';
-- case: a trigger is switched off for one transaction only
ALTER TABLE users DISABLE TRIGGER USER;
UPDATE users SET settings = '{}' WHERE id = 1;
ALTER TABLE users ENABLE TRIGGER USER;
-- case: quoted names
CREATE TABLE "LineItem" ("id" bigint PRIMARY KEY, "orderId" bigint NOT NULL);
CREATE INDEX "LineItem_orderId_idx" ON "LineItem" ("orderId");
-- case: a fixture that pulls rows by a join and a key
DELETE FROM order_lines USING orders WHERE order_lines.order_id = orders.id AND orders.id = 17;
-- case: the last value of a sequence
SELECT setval('billing.invoices_id_seq', 5000, true);
-- case: an unlogged scratch area becomes nothing to worry about
CREATE UNLOGGED TABLE import_buffer (id bigint, line text);
-- case: a virtual schema for reports, made of views
CREATE SCHEMA api;
CREATE VIEW api.users AS SELECT id, name FROM public.users;
GRANT USAGE ON SCHEMA api TO reporting;
GRANT SELECT ON api.users TO reporting;
-- case: a column that a later release drops, noted
COMMENT ON COLUMN users.legacy_flags IS 'Not read since 4.2, to be dropped with 4.4';
-- case: expand, with the key on the new column
ALTER TABLE order_lines ADD COLUMN product_id bigint;
ALTER TABLE order_lines ADD CONSTRAINT order_lines_product_set CHECK (product_id IS NOT NULL) NOT VALID;
-- case: a brin index built concurrently
-- belay:no-transaction
CREATE INDEX CONCURRENTLY orders_placed_brin ON orders USING brin (placed_at);
-- case: NOT NULL through a constraint validated before, in one file without a transaction
-- belay:no-transaction
UPDATE users SET phone = '' WHERE id <= 5000 AND phone IS NULL;
ALTER TABLE users ADD CONSTRAINT users_phone_set CHECK (phone IS NOT NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_phone_set;
ALTER TABLE users ALTER COLUMN phone SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT users_phone_set;
-- case: a table in another schema, with everything in one go
CREATE TABLE IF NOT EXISTS billing.payments (
	id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
	invoice_id bigint NOT NULL,
	amount numeric(12,2) NOT NULL,
	method text NOT NULL DEFAULT 'card',
	CONSTRAINT payments_amount_check CHECK (amount > 0)
);
CREATE INDEX IF NOT EXISTS payments_invoice_idx ON billing.payments (invoice_id);
GRANT SELECT, INSERT ON billing.payments TO app;

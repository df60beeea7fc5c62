-- postgres
CREATE TABLE users (id bigint PRIMARY KEY, plan text);
BEGIN;
ALTER TABLE users ADD COLUMN tier text;
UPDATE users SET tier = plan;
CREATE INDEX CONCURRENTLY users_tier_idx ON users (tier);
COMMIT;

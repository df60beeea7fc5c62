-- postgres: what is said once, though several words of a statement or a transaction give cause
CREATE TABLE users (id bigint PRIMARY KEY, plan text, seen timestamp, made timestamp);
CREATE TABLE teams (id bigint PRIMARY KEY, plan text);
CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint REFERENCES users, team_id bigint REFERENCES teams);
INSERT INTO notes VALUES (1);
CREATE VIEW names AS SELECT id FROM users;
CREATE VIEW plans AS SELECT id FROM teams;

ALTER TABLE teams ADD COLUMN n integer, ALTER COLUMN plan TYPE bytea USING plan::bytea, ALTER COLUMN id TYPE text;

BEGIN;
ALTER TABLE users ADD COLUMN tier text;
UPDATE users SET tier = plan WHERE plan IS NOT NULL;
UPDATE users SET tier = 'none' WHERE plan IS NULL;
ALTER TABLE notes ADD CONSTRAINT n_positive CHECK (id > 0);
COMMIT;

DROP TABLE notes;
DROP VIEW names, plans CASCADE;

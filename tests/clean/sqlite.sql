-- Migrations as experienced people write them, for SQLite.
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT, state TEXT NOT NULL DEFAULT 'new', age INTEGER);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id), title TEXT NOT NULL, body TEXT, created_at TEXT);
CREATE INDEX posts_user ON posts (user_id);
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT);
CREATE VIEW recent AS SELECT id, title FROM posts;

-- case: a new table with its index
CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE INDEX tags_lower ON tags (lower(name));
-- case: a new table that may be there
CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, user_id INTEGER NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_expiry ON sessions (expires_at);
-- case: a strict table
CREATE TABLE ledger (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL CHECK (amount <> 0), at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP) STRICT;
-- case: a join table
CREATE TABLE post_tags (post_id INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE, tag_id INTEGER NOT NULL, PRIMARY KEY (post_id, tag_id));
CREATE INDEX post_tags_tag ON post_tags (tag_id);
-- case: a column
ALTER TABLE users ADD COLUMN phone TEXT;
-- case: a column with a constant default
ALTER TABLE users ADD COLUMN locale TEXT NOT NULL DEFAULT 'en';
-- case: a column that refers, without a default
ALTER TABLE posts ADD COLUMN editor_id INTEGER REFERENCES users (id);
-- case: a virtual column
ALTER TABLE users ADD COLUMN email_lower TEXT GENERATED ALWAYS AS (lower(email)) VIRTUAL;
-- case: an index
CREATE INDEX posts_created ON posts (created_at);
-- case: a partial index
CREATE INDEX users_new ON users (id) WHERE state = 'new';
-- case: an index is replaced
DROP INDEX posts_user;
CREATE INDEX posts_user_created ON posts (user_id, created_at);
-- case: a view
CREATE VIEW authors AS SELECT u.id, count(*) AS n FROM users u JOIN posts p ON p.user_id = u.id GROUP BY u.id;
-- case: a view is made anew
DROP VIEW IF EXISTS recent;
CREATE VIEW recent AS SELECT id, title, created_at FROM posts;
-- case: a trigger
CREATE TRIGGER posts_stamp AFTER INSERT ON posts WHEN new.created_at IS NULL
BEGIN
	UPDATE posts SET created_at = CURRENT_TIMESTAMP WHERE id = new.id;
END;
-- case: a trigger is made anew
DROP TRIGGER IF EXISTS posts_stamp;
CREATE TRIGGER posts_stamp AFTER INSERT ON posts BEGIN UPDATE posts SET created_at = CURRENT_TIMESTAMP WHERE id = new.id; END;
-- case: seeds
INSERT INTO settings (key, value) VALUES ('theme', 'light') ON CONFLICT (key) DO NOTHING;
INSERT OR IGNORE INTO settings (key, value) VALUES ('beta', '0');
-- case: seeds of a new table
CREATE TABLE countries (code TEXT PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO countries VALUES ('DE', 'Germany'), ('FR', 'France');
-- case: an upsert
INSERT INTO settings (key, value) VALUES ('schema', '12') ON CONFLICT (key) DO UPDATE SET value = excluded.value;
-- case: one row by its key
UPDATE settings SET value = '1' WHERE key = 'beta';
-- case: one row is deleted by its key
DELETE FROM settings WHERE key = 'beta';
-- case: a backfill by ranges
UPDATE users SET age = 0 WHERE id BETWEEN 1 AND 1000 AND age IS NULL;
UPDATE users SET age = 0 WHERE id BETWEEN 1001 AND 2000 AND age IS NULL;
-- case: the rebuild of a table, as the manual has it
-- belay:no-transaction
PRAGMA foreign_keys = OFF;
BEGIN;
CREATE TABLE users_new (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT, state TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'old')), age INTEGER);
INSERT INTO users_new (id, email, name, state, age) SELECT id, email, name, state, age FROM users;
DROP TABLE users;
ALTER TABLE users_new RENAME TO users;
CREATE UNIQUE INDEX users_email ON users (email);
PRAGMA foreign_key_check;
COMMIT;
PRAGMA foreign_keys = ON;
-- case: the rebuild of a table that nothing refers to
CREATE TABLE posts_new (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE, title TEXT NOT NULL, body TEXT, created_at TEXT);
INSERT INTO posts_new SELECT id, user_id, title, body, created_at FROM posts;
DROP VIEW recent;
DROP TABLE posts;
ALTER TABLE posts_new RENAME TO posts;
CREATE INDEX posts_user ON posts (user_id);
CREATE VIEW recent AS SELECT id, title FROM posts;
-- case: a full text table
CREATE VIRTUAL TABLE posts_fts USING fts5(title, body, content='posts', content_rowid='id');
-- case: write-ahead logging
-- belay:no-transaction
PRAGMA journal_mode = WAL;
-- case: statistics
ANALYZE;
-- case: a temporary table
CREATE TEMP TABLE picked (id INTEGER PRIMARY KEY);
INSERT INTO picked SELECT id FROM users WHERE age > 90;
DROP TABLE picked;
-- case: a new table is changed before anybody uses it
CREATE TABLE drafts (id INTEGER PRIMARY KEY, body TEXT);
ALTER TABLE drafts ADD COLUMN author INTEGER;
ALTER TABLE drafts RENAME COLUMN body TO content;
-- case: a version number
PRAGMA user_version = 7;
-- case: a table keyed by text, with its children
CREATE TABLE projects (slug TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE tasks (id INTEGER PRIMARY KEY, project TEXT NOT NULL REFERENCES projects (slug) ON UPDATE CASCADE, done INTEGER NOT NULL DEFAULT 0);
CREATE INDEX tasks_project ON tasks (project);
-- case: a column that may be empty, and a trigger that keeps it
ALTER TABLE users ADD COLUMN updated_at TEXT;
CREATE TRIGGER users_updated AFTER UPDATE OF email, name, state ON users BEGIN UPDATE users SET updated_at = CURRENT_TIMESTAMP WHERE id = new.id; END;
-- case: a covering index
CREATE INDEX posts_user_title ON posts (user_id, title);
-- case: an index by expression over json
CREATE INDEX settings_json ON settings (json_extract(value, '$.name'));
-- case: names in quotes
CREATE TABLE "order" ("id" INTEGER PRIMARY KEY, "from" TEXT NOT NULL);
-- case: a check over two columns of a new table
CREATE TABLE spans (id INTEGER PRIMARY KEY, starts INTEGER NOT NULL, ends INTEGER NOT NULL, CHECK (ends > starts));

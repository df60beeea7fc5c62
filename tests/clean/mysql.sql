-- Migrations as experienced people write them, for MySQL 8.0 and MariaDB 10.11: each case is judged for both.
CREATE TABLE users (
	id bigint unsigned NOT NULL AUTO_INCREMENT,
	email varchar(190) NOT NULL,
	name varchar(60),
	state varchar(20) NOT NULL DEFAULT 'new',
	kind enum('person', 'firm') NOT NULL DEFAULT 'person',
	score int NOT NULL DEFAULT 0,
	created_at datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
	PRIMARY KEY (id),
	UNIQUE KEY users_email (email),
	KEY users_created (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE orders (
	id bigint unsigned NOT NULL AUTO_INCREMENT,
	user_id bigint unsigned NOT NULL,
	total decimal(12,2) NOT NULL DEFAULT 0,
	note varchar(100),
	placed_at datetime,
	PRIMARY KEY (id),
	KEY orders_user (user_id),
	CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE settings (name varchar(64) NOT NULL PRIMARY KEY, value text) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE roles (id smallint unsigned NOT NULL PRIMARY KEY, label varchar(40) NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE VIEW paid AS SELECT id, total FROM orders WHERE total > 0;

-- case: a new table
CREATE TABLE devices (
	id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
	user_id bigint unsigned NOT NULL,
	token binary(32) NOT NULL,
	created_at datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
	UNIQUE KEY devices_token (token),
	KEY devices_user (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- case: a new table with a key to another
CREATE TABLE addresses (
	id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
	user_id bigint unsigned NOT NULL,
	city varchar(100),
	KEY addresses_user (user_id),
	CONSTRAINT addresses_user_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- case: a new table that may be there
CREATE TABLE IF NOT EXISTS jobs (id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, payload longtext NOT NULL, run_at datetime, KEY jobs_run (run_at)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- case: a table, then its index and its key
CREATE TABLE tags (id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(50) NOT NULL, owner_id bigint unsigned) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE UNIQUE INDEX tags_name ON tags (name);
ALTER TABLE tags ADD KEY tags_owner (owner_id);
ALTER TABLE tags ADD CONSTRAINT tags_owner_fk FOREIGN KEY (owner_id) REFERENCES users (id);
-- case: a join table
CREATE TABLE user_roles (user_id bigint unsigned NOT NULL, role_id smallint unsigned NOT NULL, PRIMARY KEY (user_id, role_id), KEY user_roles_role (role_id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- case: a column at the end
ALTER TABLE users ADD COLUMN phone varchar(30) NULL;
-- case: a column, instantly or not at all
ALTER TABLE users ADD COLUMN locale varchar(10) NOT NULL DEFAULT 'en', ALGORITHM=INSTANT;
-- case: a column with a constant default
ALTER TABLE orders ADD COLUMN currency char(3) NOT NULL DEFAULT 'EUR';
-- case: two columns at once
ALTER TABLE orders ADD COLUMN shipped_at datetime NULL, ADD COLUMN carrier varchar(40) NULL;
-- case: a virtual column
ALTER TABLE users ADD COLUMN email_domain varchar(190) GENERATED ALWAYS AS (substring_index(email, '@', -1)) VIRTUAL;
-- case: an index beside the traffic
ALTER TABLE orders ADD INDEX orders_placed (placed_at), ALGORITHM=INPLACE, LOCK=NONE;
-- case: an index by CREATE INDEX
CREATE INDEX orders_user_placed ON orders (user_id, placed_at) ALGORITHM=INPLACE LOCK=NONE;
-- case: a plain index
CREATE INDEX users_state ON users (state);
-- case: an index of two columns
ALTER TABLE users ADD KEY users_state_created (state, created_at);
-- case: an index is replaced in one statement
ALTER TABLE users DROP INDEX users_created, ADD INDEX users_created_state (created_at, state), ALGORITHM=INPLACE, LOCK=NONE;
-- case: an index gets another name
ALTER TABLE users RENAME INDEX users_created TO users_created_at;
-- case: a default changes
ALTER TABLE users ALTER COLUMN state SET DEFAULT 'active';
-- case: a default goes
ALTER TABLE orders ALTER COLUMN note SET DEFAULT '';
-- case: a varchar grows within its length byte
ALTER TABLE users MODIFY name varchar(63);
-- case: a varchar grows, in place
ALTER TABLE users MODIFY name varchar(63), ALGORITHM=INPLACE, LOCK=NONE;
-- case: an enum gets a member at its end
ALTER TABLE users MODIFY kind enum('person', 'firm', 'bot') NOT NULL DEFAULT 'person', ALGORITHM=INSTANT;
-- case: a view
CREATE VIEW open_orders AS SELECT id, user_id FROM orders WHERE placed_at IS NULL;
-- case: a view is replaced
CREATE OR REPLACE VIEW paid AS SELECT id, total, placed_at FROM orders WHERE total > 0;
-- case: seeds that may be there
INSERT INTO roles (id, label) VALUES (1, 'owner'), (2, 'admin') ON DUPLICATE KEY UPDATE label = VALUES(label);
-- case: seeds that are left alone when there
INSERT IGNORE INTO settings (name, value) VALUES ('theme', 'light'), ('beta', 'off');
-- case: seeds of a new table
CREATE TABLE countries (code char(2) NOT NULL PRIMARY KEY, name varchar(80) NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO countries (code, name) VALUES ('DE', 'Germany'), ('FR', 'France');
-- case: one row by its key
UPDATE settings SET value = 'dark' WHERE name = 'theme';
-- case: one row is deleted by its key
DELETE FROM settings WHERE name = 'beta';
-- case: a backfill by key ranges
UPDATE users SET score = 1 WHERE id BETWEEN 1 AND 5000 AND score = 0;
UPDATE users SET score = 1 WHERE id BETWEEN 5001 AND 10000 AND score = 0;
-- case: a backfill with a limit
UPDATE users SET score = 1 WHERE score = 0 ORDER BY id LIMIT 1000;
-- case: a delete with a limit
DELETE FROM orders WHERE placed_at < '2015-01-01' ORDER BY id LIMIT 500;
-- case: a backfill that belay does in batches
-- belay:batched
UPDATE users SET score = 1 WHERE score = 0;
-- case: rights
GRANT SELECT, INSERT ON app.orders TO 'app'@'10.%';
-- case: a trigger
CREATE TRIGGER orders_stamp BEFORE INSERT ON orders FOR EACH ROW SET NEW.placed_at = COALESCE(NEW.placed_at, NOW());
-- case: a procedure with its own delimiter
DELIMITER //
CREATE PROCEDURE purge_orders(IN days int)
BEGIN
	DELETE FROM orders WHERE placed_at < NOW() - INTERVAL days DAY LIMIT 1000;
END//
DELIMITER ;
-- case: a function
CREATE FUNCTION cents(amount decimal(12,2)) RETURNS bigint DETERMINISTIC RETURN amount * 100;
-- case: statistics
ANALYZE TABLE orders;
-- case: a short wait for locks
SET SESSION lock_wait_timeout = 5;
ALTER TABLE orders ADD COLUMN source varchar(20) NULL, ALGORITHM=INSTANT;
-- case: a foreign key without the copy, after a look at the rows
SET SESSION foreign_key_checks = 0;
ALTER TABLE orders ADD CONSTRAINT orders_user_fk2 FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT, ALGORITHM=INPLACE, LOCK=NONE;
SET SESSION foreign_key_checks = 1;
-- case: a swap in one statement
CREATE TABLE settings_new (name varchar(64) NOT NULL PRIMARY KEY, value mediumtext) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO settings_new SELECT name, value FROM settings;
RENAME TABLE settings TO settings_old, settings_new TO settings;
-- case: a temporary table
CREATE TEMPORARY TABLE picked (id bigint unsigned PRIMARY KEY);
INSERT INTO picked SELECT id FROM users WHERE score > 10;
DROP TEMPORARY TABLE picked;
-- case: a comment of a table
ALTER TABLE orders COMMENT = 'one row per order';
-- case: a check on a new table
CREATE TABLE ratings (id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, stars tinyint NOT NULL, CONSTRAINT ratings_stars CHECK (stars BETWEEN 1 AND 5)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- case: a partitioned table
CREATE TABLE metrics (id bigint NOT NULL, day date NOT NULL, value double, PRIMARY KEY (id, day)) ENGINE=InnoDB PARTITION BY RANGE (year(day)) (PARTITION p2025 VALUES LESS THAN (2026), PARTITION pmax VALUES LESS THAN MAXVALUE);
-- case: a full text index on a new table
CREATE TABLE articles (id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, body text NOT NULL, FULLTEXT KEY articles_body (body)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
-- case: a json column
ALTER TABLE users ADD COLUMN prefs json NULL;
-- case: guarded by a look into the dictionary
SET @there = (SELECT count(*) FROM information_schema.columns WHERE table_schema = database() AND table_name = 'users' AND column_name = 'nick');
SELECT @there;
-- case: a new table is changed before anybody uses it
CREATE TABLE drafts (id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, body varchar(100)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
ALTER TABLE drafts MODIFY body text;
ALTER TABLE drafts ADD COLUMN author bigint NOT NULL;
ALTER TABLE drafts DROP COLUMN author;
-- case: a new table is filled from another
CREATE TABLE emails (user_id bigint unsigned NOT NULL PRIMARY KEY, email varchar(190) NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO emails SELECT id, email FROM users WHERE id <= 1000;
CREATE INDEX emails_email ON emails (email);
-- case: a foreign key between new tables
CREATE TABLE teams (id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(40) NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE members (id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, team_id int unsigned NOT NULL, KEY members_team (team_id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
ALTER TABLE members ADD CONSTRAINT members_team_fk FOREIGN KEY (team_id) REFERENCES teams (id);
-- case: a bit more room for a decimal of a new table
CREATE TABLE prices (id int unsigned NOT NULL PRIMARY KEY, amount decimal(8,2) NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
ALTER TABLE prices MODIFY amount decimal(12,4) NOT NULL;
-- case: a unique index where another one guards already
CREATE UNIQUE INDEX users_email_state ON users (email, state);
-- case: a session setting for the length of a file
SET SESSION sql_mode = 'STRICT_TRANS_TABLES';
INSERT INTO roles (id, label) VALUES (9, 'bot') ON DUPLICATE KEY UPDATE label = 'bot';
-- case: a column that is invisible to old code by its place at the end
ALTER TABLE roles ADD COLUMN sort smallint unsigned NOT NULL DEFAULT 0, ALGORITHM=INSTANT;

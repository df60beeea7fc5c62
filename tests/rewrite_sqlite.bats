#!/usr/bin/env bats
# Safe steps on SQLite: what ALTER TABLE cannot do is a table made anew, with nothing lost.
load helper

base() {
	cat <<'SQL'
CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT, age INT CONSTRAINT grown CHECK (age > 0), note TEXT COLLATE NOCASE, UNIQUE (email));
CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id) ON DELETE CASCADE, total NUMERIC DEFAULT 0);
CREATE INDEX users_age ON users (age DESC) WHERE age > 1;
CREATE VIEW adults AS SELECT id, email FROM users WHERE age >= 18;
CREATE TABLE log (what TEXT);
CREATE TRIGGER users_log AFTER INSERT ON users BEGIN INSERT INTO log VALUES ('user ' || NEW.id); INSERT INTO log VALUES (';'); END;
INSERT INTO users (email, age, note) VALUES ('a', 1, 'x'), ('b', 20, 'y'), ('c', 30, NULL);
INSERT INTO users (id, email) VALUES (900, 'gone');
DELETE FROM users WHERE id = 900;
INSERT INTO orders VALUES (1, 1, 10), (2, 2, 20);
SQL
}

# ends_as SED CHANGE…: what CHANGE writes ends where a base changed by SED begins
ends_as() {
	local change=$1
	shift
	rm -rf migrations verify ./*.db
	echo 'dialect: sqlite' >belay.yml
	{ echo '-- UP'; base; } | file migrations/001_base.sql
	ends 0 belay new change "$@"
	ends 0 belay check --fail-on warning
	says 'nothing to report'
	ends 0 belay rehearse
	ends 0 belay up --db sqlite:safe.db --phase contract -q
	base | sed "$change" | sqlite3 want.db
	ends 0 belay diff sqlite:want.db sqlite:safe.db
	for query in 'SELECT id, email, age, note FROM users' 'SELECT * FROM orders' 'SELECT * FROM log' 'SELECT * FROM adults' 'SELECT seq FROM sqlite_sequence' 'PRAGMA foreign_key_check'; do
		[ "$(sqlite3 want.db "$query")" = "$(sqlite3 safe.db "$query")" ] || { echo "$query" >&2; sqlite3 safe.db "$query" >&2; false; }
	done
}

@test "a table made anew keeps rows, children, numbers, indexes, triggers, views" {
	ends_as 's/email TEXT,/email TEXT NOT NULL,/' set-not-null users email --fill "'-'"
	ends_as 's/email TEXT,/email VARCHAR(40),/' change-type users email 'VARCHAR(40)'
	ends_as 's/UNIQUE (email))/UNIQUE (email), CONSTRAINT named CHECK (length(email) > 0))/' add-check users named 'length(email) > 0'
	ends_as 's/total NUMERIC DEFAULT 0)/total NUMERIC DEFAULT 5)/' set-default orders total 5
	ends_as 's/ CONSTRAINT grown CHECK (age > 0)//' drop-constraint users grown
}

@test "columns" {
	ends_as 's/note TEXT COLLATE NOCASE,/note TEXT COLLATE NOCASE, phone TEXT,/' add-column users phone TEXT
	ends_as 's/note TEXT COLLATE NOCASE,/note TEXT COLLATE NOCASE, phone TEXT NOT NULL,/; s/(email, age, note) VALUES .*/(email, age, note, phone) VALUES ("a", 1, "x", "-"), ("b", 20, "y", "-"), ("c", 30, NULL, "-");/; s/(id, email) VALUES (900, .gone.)/(id, email, phone) VALUES (900, 1, 1)/' add-column users phone 'TEXT NOT NULL' --fill "'-'"
	ends_as 's/note TEXT COLLATE NOCASE,/note TEXT COLLATE NOCASE, phone TEXT NOT NULL,/; s/(email, age, note) VALUES .*/(email, age, note, phone) VALUES ("a", 1, "x", "A"), ("b", 20, "y", "B"), ("c", 30, NULL, "C");/; s/(id, email) VALUES (900, .gone.)/(id, email, phone) VALUES (900, 1, 1)/' add-column users phone 'TEXT NOT NULL' --fill 'upper(email)'
	ends_as 's/, total NUMERIC DEFAULT 0)/)/; s/(1, 1, 10), (2, 2, 20)/(1, 1), (2, 2)/' drop-column orders total
	ends_as 's/total NUMERIC/amount NUMERIC/' rename-column orders total amount
	ends_as 's/^CREATE VIEW/CREATE UNIQUE INDEX users_note_key ON users (note); CREATE VIEW/' add-unique users note
}

@test "a foreign key" {
	shop
	file migrations/003_orders.sql <<'SQL'
-- UP
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER);
INSERT INTO orders VALUES (1, 1), (2, NULL);
-- DOWN
DROP TABLE orders;
SQL
	ends 0 belay new key --dialect sqlite add-foreign-key orders customer customers id
	ends 0 belay rehearse --dialect sqlite
	ends 0 belay up --db sqlite:a.db
	[[ $(sqlite3 a.db '.schema orders') == *'FOREIGN KEY (customer) REFERENCES customers (id)'* ]]
	[ "$(sqlite3 a.db 'SELECT count(*) FROM orders')" = 2 ]
}

@test "a row that breaks a reference stops the rebuild, and nothing has changed" {
	echo 'dialect: sqlite' >belay.yml
	{ echo '-- UP'; base; echo 'INSERT INTO orders VALUES (3, 77, 1);'; } | file migrations/001_base.sql
	belay new required set-not-null orders total
	ends 5 belay up --db sqlite:a.db
	[ "$(sqlite3 a.db 'SELECT count(*) FROM orders')" = 3 ]
	says_not 'orders_new'
	[[ $(sqlite3 a.db .schema) != *orders_new* ]]
	# one plain re-run goes on when the row is mended
	sqlite3 a.db 'DELETE FROM orders WHERE id = 3'
	ends 0 belay up --db sqlite:a.db
	[[ $(sqlite3 a.db '.schema orders') == *'total NUMERIC NOT NULL'* ]]
	[ "$(sqlite3 a.db 'SELECT count(*) FROM orders')" = 2 ]
}

@test "what cannot be done is refused with the reason" {
	shop
	ends 6 belay new x --dialect sqlite set-not-null nobody email
	says 'nobody' 'not known'
	ends 2 belay new x --dialect sqlite drop-column customers id
	says 'PRIMARY KEY'
	ends 2 belay new x --dialect sqlite add-column customers c 'TEXT NOT NULL'
	says '--fill'
	ends 2 belay new x --dialect sqlite add-colum customers c TEXT
	says 'add-column'
	[ "$(ls migrations | wc -l)" = 2 ]
}

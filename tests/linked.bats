#!/usr/bin/env bats
# What foreign keys do to other tables when rows go, and tables without a key: kept, and as it was when it is put back.
load both

my() { mariadb --no-defaults -S "$MY_DIR/s" -u root -N -B test -e "$1"; }
lite() { sqlite3 app.db "PRAGMA foreign_keys = ON" "$@"; }

# ask QUERY…: of the engine under test
ask() {
	case $engine in
	postgres) for q; do pg -c "$q"; done ;;
	mariadb) for q; do my "$q" | tr '\t' '|'; done ;;
	sqlite) for q; do lite "$q"; done ;;
	esac
}

# fresh ENGINE NAME: an empty database in $DATABASE_URL
fresh() {
	engine=$1
	rm -rf migrations .belay app.db
	case $engine in
	postgres) pg_database "$2" && export DATABASE_URL=$url ;;
	mariadb) my "DROP DATABASE test; CREATE DATABASE test" && export DATABASE_URL=$MY_URL ;;
	sqlite) export DATABASE_URL=sqlite:app.db ;;
	esac
}

# begin SQL: what is there at first; change SQL: the migration under test
begin() { file migrations/1_begin.up.sql <<<"$1"; ends 0 belay up 1; }
change() {
	[ "$engine" != sqlite ] || printf -- '-- belay:no-transaction\nPRAGMA foreign_keys = ON;\n' | file migrations/2_change.up.sql
	mkdir -p migrations
	printf '%s\n' "$1" >>migrations/2_change.up.sql
	echo 'SELECT 1;' >migrations/2_change.down.sql
}

# there_and_back: up takes something away, restore brings it all back
there_and_back() {
	ask "${sight[@]}" >before
	ends 0 belay up --backup
	ask "${sight[@]}" >between
	! cmp -s before between
	ends 0 belay restore "$(belay backups | sed -n 's/^\(2@[0-9]*\) .*/\1/p' | head -n 1)"
	ask "${sight[@]}" >after
	diff before after
}

teams="CREATE TABLE teams (id INT PRIMARY KEY, name VARCHAR(20));
CREATE TABLE people (id INT PRIMARY KEY, team INT, mentor INT, note VARCHAR(20),
	FOREIGN KEY (team) REFERENCES teams (id) ON DELETE SET NULL,
	FOREIGN KEY (mentor) REFERENCES people (id) ON DELETE SET NULL);
CREATE TABLE badges (id INT PRIMARY KEY, team INT NOT NULL,
	FOREIGN KEY (team) REFERENCES teams (id) ON DELETE CASCADE);
CREATE TABLE scans (id INT PRIMARY KEY, badge INT,
	FOREIGN KEY (badge) REFERENCES badges (id) ON DELETE SET NULL);
INSERT INTO teams VALUES (1, 'a'), (2, 'b'), (3, 'c');
INSERT INTO people VALUES (1, 1, NULL, 'x'), (2, 1, 1, 'y'), (3, 2, 1, NULL), (4, NULL, 2, 'z'), (5, 3, 4, 'w');
INSERT INTO badges VALUES (1, 1), (2, 2), (3, 3), (4, 1);
INSERT INTO scans VALUES (1, 1), (2, 2), (3, NULL), (4, 4), (5, 3);"
team_sight=('SELECT * FROM teams ORDER BY 1' 'SELECT * FROM people ORDER BY 1' 'SELECT * FROM badges ORDER BY 1' 'SELECT * FROM scans ORDER BY 1')

@test "ON DELETE SET NULL and CASCADE, some rows and all of them: everything comes back" {
	sight=("${team_sight[@]}")
	local engine one
	for engine in postgres mariadb sqlite; do
		for one in 'DELETE FROM teams WHERE id < 3;' 'DELETE FROM teams;' "DELETE FROM people WHERE id IN (1, 4);"; do
			fresh "$engine" teams
			begin "$teams"
			change "$one"
			there_and_back
		done
	done
}

@test "only the values that went are put back: a later change of one of them stays" {
	local engine
	for engine in postgres mariadb sqlite; do
		fresh "$engine" later
		begin "$teams"
		change 'DELETE FROM teams WHERE id < 3;'
		ends 0 belay up --backup
		ask "UPDATE people SET team = 3 WHERE id = 2" "UPDATE people SET note = 'new'" >/dev/null
		ends 0 belay restore "$(belay backups | sed -n 's/^\(2@[0-9]*\) .*/\1/p' | head -n 1)"
		[ "$(ask "SELECT id, team, note FROM people ORDER BY id")" = $'1|1|new\n2|3|new\n3|2|new\n4|'"$(null)"$'|new\n5|3|new' ]
	done
}
null() { [ "$engine" != mariadb ] || echo NULL; }

@test "a tree that deletes its branches, and tables that delete each other" {
	local engine
	for engine in postgres mariadb sqlite; do
		fresh "$engine" tree
		begin "CREATE TABLE tree (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES tree (id) ON DELETE CASCADE);
CREATE TABLE leaves (id INT PRIMARY KEY, tree INT, FOREIGN KEY (tree) REFERENCES tree (id) ON DELETE SET NULL);
INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2), (4, NULL), (5, 4);
INSERT INTO leaves VALUES (1, 3), (2, 5), (3, 1), (4, NULL);"
		change 'DELETE FROM tree WHERE id = 1;'
		sight=('SELECT * FROM tree ORDER BY 1' 'SELECT * FROM leaves ORDER BY 1')
		there_and_back
		[ "$(wc -l <between)" = 6 ]
	done
}

@test "ON UPDATE: values that follow a changed one come back with it" {
	local engine
	for engine in postgres mariadb sqlite; do
		fresh "$engine" follow
		begin "CREATE TABLE codes (id INT PRIMARY KEY, code VARCHAR(5) UNIQUE);
CREATE TABLE nulled (id INT PRIMARY KEY, code VARCHAR(5), FOREIGN KEY (code) REFERENCES codes (code) ON UPDATE SET NULL);
CREATE TABLE moved (id INT PRIMARY KEY, code VARCHAR(5) UNIQUE, FOREIGN KEY (code) REFERENCES codes (code) ON UPDATE CASCADE);
CREATE TABLE behind (id INT PRIMARY KEY, code VARCHAR(5), FOREIGN KEY (code) REFERENCES moved (code) ON UPDATE SET NULL);
INSERT INTO codes VALUES (1, 'a'), (2, 'b'), (3, 'c');
INSERT INTO nulled VALUES (1, 'a'), (2, 'b'), (3, NULL);
INSERT INTO moved VALUES (1, 'a'), (2, 'c');
INSERT INTO behind VALUES (1, 'a'), (2, 'c');"
		change "UPDATE codes SET code = 'z' WHERE id = 1;"
		sight=('SELECT * FROM codes ORDER BY 1' 'SELECT * FROM nulled ORDER BY 1' 'SELECT * FROM moved ORDER BY 1' 'SELECT * FROM behind ORDER BY 1')
		there_and_back
	done
}

@test "SET DEFAULT, some columns of a key, a partition, a type of its own: PostgreSQL" {
	fresh postgres defaults
	begin "CREATE TYPE kind AS ENUM ('a', 'b');
CREATE TABLE p (k kind, n int, note text, PRIMARY KEY (k, n)) PARTITION BY LIST (k);
CREATE TABLE p_a PARTITION OF p FOR VALUES IN ('a');
CREATE TABLE p_b PARTITION OF p FOR VALUES IN ('b');
CREATE TABLE c (id int PRIMARY KEY, k kind DEFAULT 'b', n int DEFAULT 0, FOREIGN KEY (k, n) REFERENCES p ON DELETE SET DEFAULT);
INSERT INTO p VALUES ('a', 1, 'x'), ('a', 2, 'y'), ('b', 0, 'default'), ('b', 1, 'z');
INSERT INTO c VALUES (1, 'a', 1), (2, 'a', 2), (3, 'b', 1), (4, NULL, 1);"
	sight=('SELECT * FROM p ORDER BY 1, 2' 'SELECT * FROM c ORDER BY 1')
	change "DELETE FROM p_a WHERE n = 1;"
	there_and_back
	if [ "$(pg -c 'SHOW server_version_num')" -ge 150000 ]; then
		fresh postgres some_columns
		begin "CREATE TABLE p (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE c (id int PRIMARY KEY, a int NOT NULL, b int, FOREIGN KEY (a, b) REFERENCES p ON DELETE SET NULL (b));
INSERT INTO p VALUES (1, 1), (1, 2); INSERT INTO c VALUES (1, 1, 1), (2, 1, 2);"
		sight=('SELECT * FROM p ORDER BY 1, 2' 'SELECT * FROM c ORDER BY 1')
		change "DELETE FROM p AS x WHERE x.b = 2 -- the second"
		echo ';' >>migrations/2_change.up.sql
		there_and_back
	fi
}

@test "SQLite drops a table with its rows' foreign keys: values and rows of others come back" {
	fresh sqlite dropped
	begin "$teams"
	change 'DROP TABLE teams;'
	sight=("${team_sight[@]}")
	ends 6 belay up
	says "table main.teams (3 rows)" "all rows of main.badges (4 rows)"
	ask "${sight[@]}" >before
	ends 0 belay up --backup
	[ "$(lite 'SELECT count(team) FROM people')" = 0 ]
	ends 0 belay restore "$(belay backups | sed -n 's/^\(2@[0-9]*\) .*/\1/p' | head -n 1)"
	ask "${sight[@]}" >after
	diff before after
	# Made anew: the old one's rows are deleted, and what points at them goes along.
	fresh sqlite anew
	begin "$teams"
	change 'CREATE TABLE teams_new (id INT PRIMARY KEY, name VARCHAR(20), more INT);
INSERT INTO teams_new (id, name) SELECT id, name FROM teams;
DROP TABLE teams;
ALTER TABLE teams_new RENAME TO teams;'
	ends 6 belay up
	says "all rows of main.badges (4 rows)"
	ends 0 belay up --backup
	[ "$(lite 'SELECT count(*) FROM badges')" = 0 ]
	ends 0 belay restore "$(belay backups | sed -n 's/^\(2@[0-9]*\) .*/\1/p' | head -n 1)"
	[ "$(lite 'SELECT count(*) FROM badges')" = 4 ]
	[ "$(lite 'SELECT count(team) FROM people')" = 4 ]
	[ "$(lite 'SELECT count(badge) FROM scans')" = 4 ]
}

@test "rows of others that a foreign key does not reach stay, and are not counted as in the way" {
	local engine one
	for engine in postgres mariadb sqlite; do
		for one in 'DELETE FROM teams;' 'DELETE FROM tree;' 'DELETE FROM tree; DELETE FROM teams WHERE id < 3;'; do
			fresh "$engine" reached
			begin "CREATE TABLE teams (id INT PRIMARY KEY, name VARCHAR(20));
CREATE TABLE tree (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES tree (id) ON DELETE CASCADE);
CREATE TABLE leaves (id INT PRIMARY KEY, tree INT, team INT, FOREIGN KEY (tree) REFERENCES tree (id) ON DELETE CASCADE,
	FOREIGN KEY (team) REFERENCES teams (id) ON DELETE CASCADE);
INSERT INTO teams VALUES (1, 'a'), (2, 'b'), (3, 'c');
INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2), (4, NULL), (5, 4);
INSERT INTO leaves VALUES (1, 3, 1), (2, 5, NULL), (3, NULL, 2), (4, NULL, NULL);"
			change "$one"
			sight=('SELECT * FROM teams ORDER BY 1' 'SELECT * FROM tree ORDER BY 1' 'SELECT * FROM leaves ORDER BY 1')
			there_and_back
			says_not "left out"
		done
	done
}

@test "rows that go with others and a table that is dropped, in one migration, in any order" {
	sight=("${team_sight[@]}")
	local engine one
	for engine in postgres mariadb sqlite; do
		for one in 'DELETE FROM teams WHERE id < 3; DROP TABLE scans; DROP TABLE badges;' 'DROP TABLE scans; DELETE FROM teams; DROP TABLE badges;' \
			"DELETE FROM teams WHERE id = 1; UPDATE people SET note = 'n'; DROP TABLE people;" 'DROP TABLE people; DELETE FROM badges; DELETE FROM teams WHERE id = 2;'; do
			fresh "$engine" mixed
			begin "$teams"
			change "$one"
			ask "${sight[@]}" >before
			ends 0 belay up --backup
			ends 0 belay restore "$(belay backups | sed -n 's/^\(2@[0-9]*\) .*/\1/p' | head -n 1)"
			ask "${sight[@]}" >after
			diff before after
		done
	done
}

@test "MariaDB: ON UPDATE CURRENT_TIMESTAMP: the moment that was kept comes back, and no other is set" {
	local one
	for one in "UPDATE people SET note = 'n';" 'DELETE FROM teams WHERE id < 3;' 'ALTER TABLE people DROP COLUMN note;'; do
		fresh mariadb moment
		begin "$teams
ALTER TABLE people ADD COLUMN changed TIMESTAMP NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP;
UPDATE people SET changed = '2001-02-03 04:05:06';"
		change "$one"
		sight=("${team_sight[@]}")
		there_and_back
		[ "$(my "SELECT count(*) FROM people WHERE changed = '2001-02-03 04:05:06'")" = 5 ]
	done
}

@test "another table has the name now: refused, and what to do is said" {
	local engine
	for engine in postgres mariadb sqlite; do
		fresh "$engine" another
		begin 'CREATE TABLE notes (id INT PRIMARY KEY, note VARCHAR(20)); INSERT INTO notes VALUES (1, NULL);'
		change 'DROP TABLE notes; CREATE TABLE notes (nr INT PRIMARY KEY);'
		ends 0 belay up --backup
		back=$(belay backups | sed -n 's/^\(2@[0-9]*\) .*/\1/p' | head -n 1)
		ends 6 belay restore "$back"
		says "has no column id now" "rename it"
		ask 'ALTER TABLE notes RENAME TO newer' >/dev/null
		if [ "$engine" = postgres ]; then # the key's index has its old name still
			ends 5 belay restore "$back"
			says '"notes_pkey" already exists' "making public.notes again" "nothing was put back"
			pg -c 'ALTER INDEX notes_pkey RENAME TO newer_pkey'
		fi
		ends 0 belay restore "$back"
		[ "$(ask 'SELECT count(*) FROM notes')" = 1 ]
	done
}

# renamed SIGHT ROWS STATEMENT…: what the statements change comes back, where it is called otherwise by then
renamed() {
	local look=$1 rows=$2
	shift 2
	fresh "$engine" renamed
	begin "CREATE TABLE people (id INT PRIMARY KEY, note VARCHAR(20));
CREATE TABLE pets (id INT PRIMARY KEY, person INT, FOREIGN KEY (person) REFERENCES people (id) ON DELETE SET NULL);
INSERT INTO people VALUES (1, 'x'), (2, NULL), (3, 'z'); INSERT INTO pets VALUES (7, 1), (8, 3), (9, NULL);"
	change "$*"
	ends 0 belay up --backup
	[ "$(ask "$look")" != "$rows" ]
	back=$(belay backups | sed -n 's/^\(2@[0-9]*\) .*/\1/p' | head -n 1)
	ends 0 belay restore "$back" --dry-run
	says_not '"people"' '`people`'
	ends 0 belay restore "$back"
	[ "$(ask "$look")" = "$rows" ]
}

@test "renamed behind the statement: the rows are put back under the names of now" {
	local engine
	for engine in postgres mariadb sqlite; do
		renamed "SELECT nr, COALESCE(remark, '-') FROM persons ORDER BY nr" $'1|x\n2|-\n3|z' \
			"UPDATE people SET note = 'same';" "ALTER TABLE people RENAME TO persons;" \
			"ALTER TABLE persons RENAME COLUMN note TO remark; ALTER TABLE persons RENAME COLUMN id TO nr;"
		renamed "SELECT p.id, q.nr FROM pets p LEFT JOIN persons q ON q.nr = p.person WHERE q.nr IS NOT NULL ORDER BY 1" $'7|1\n8|3' \
			"DELETE FROM people WHERE id <> 2;" "ALTER TABLE people RENAME COLUMN id TO nr; ALTER TABLE people RENAME TO persons;"
	done
	engine=postgres
	renamed "SELECT id, coalesce(note, '-') FROM old.persons ORDER BY id" $'1|x\n2|-\n3|z' \
		"DELETE FROM people;" "CREATE SCHEMA old; ALTER TABLE people SET SCHEMA old; ALTER TABLE old.people RENAME TO persons;"
	# Down does the same, where it does not rename back.
	fresh postgres renamed
	begin "CREATE TABLE people (id INT PRIMARY KEY, note VARCHAR(20)); INSERT INTO people VALUES (1, 'x');"
	change "UPDATE people SET note = 'same'; ALTER TABLE people RENAME TO persons;"
	ends 0 belay up --backup
	ends 0 belay down
	says "1 row put back"
	[ "$(pg -c 'SELECT note FROM persons')" = x ]
}

@test "renamed behind the statement: an edited file, a table that is gone and a column that went are no guess" {
	engine=postgres
	fresh postgres renamed
	begin "CREATE TABLE people (id INT PRIMARY KEY, note VARCHAR(20)); INSERT INTO people VALUES (1, 'x');"
	change "UPDATE people SET note = 'same'; ALTER TABLE people RENAME TO persons;"
	ends 0 belay up --backup
	back=$(belay backups | sed -n 's/^\(2@[0-9]*\) .*/\1/p' | head -n 1)
	cp migrations/2_change.up.sql was
	sed -i 's/same/other/' migrations/2_change.up.sql
	ends 6 belay restore "$back"
	says "the table people is gone"
	cp was migrations/2_change.up.sql
	pg -c 'ALTER TABLE persons RENAME TO third'
	ends 6 belay restore "$back"
	says "the table people is gone"
	pg -c 'ALTER TABLE third RENAME TO persons'
	ends 0 belay restore "$back"
	[ "$(pg -c 'SELECT note FROM persons')" = x ]
}

# ---- Without a key ----

bag="CREATE TABLE bag (a int, b text, c json);
INSERT INTO bag VALUES (1, 'x', '{}'), (1, 'x', '{}'), (1, 'y', NULL), (2, NULL, '[1]'), (NULL, 'z', '[ 1]'), (2, 'w', '[1]'), (1, '', NULL);"

@test "columns and values of a table without a key come back: equal rows are equal" {
	local one
	for one in 'ALTER TABLE bag DROP COLUMN b;' 'ALTER TABLE bag DROP COLUMN b, DROP COLUMN c;' \
		'ALTER TABLE bag DROP COLUMN a; ALTER TABLE bag DROP COLUMN b; ALTER TABLE bag DROP COLUMN c;' \
		"UPDATE bag SET b = 'same' WHERE a = 1;" "UPDATE bag SET a = 1, b = 'u', c = '{}';"; do
		fresh postgres bag
		begin "$bag"
		sight=("SELECT to_jsonb(x) AS j FROM bag x ORDER BY 1")
		change "$one"
		there_and_back
	done
	# Partitions, and a type that goes.
	fresh postgres parts
	begin "CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE bag (a int, b mood, c text) PARTITION BY RANGE (a);
CREATE TABLE bag1 PARTITION OF bag FOR VALUES FROM (0) TO (10);
CREATE TABLE bag2 PARTITION OF bag FOR VALUES FROM (10) TO (20);
INSERT INTO bag SELECT i % 20, (ARRAY['good', 'bad', NULL]::mood[])[i % 3 + 1], i / 40 FROM generate_series(1, 200) i;"
	sight=("SELECT to_jsonb(x) AS j FROM bag x ORDER BY 1")
	change 'DROP TYPE mood CASCADE;'
	there_and_back
}

@test "without a key: rows that others changed meanwhile are left alone and counted" {
	fresh postgres meanwhile
	begin "$bag"
	change 'ALTER TABLE bag DROP COLUMN b;'
	ends 0 belay up --backup
	pg -c "UPDATE bag SET a = 9 WHERE a IS NULL" -c "INSERT INTO bag VALUES (1, NULL)"
	ends 0 belay restore "$(belay backups | sed -n 's/^\(2@[0-9]*\) .*/\1/p' | head -n 1)"
	says "public.bag.b: 6 rows put back" "of 1 the row is not there any more, or has changed"
	[ "$(pg -c "SELECT count(*), count(b), count(*) FILTER (WHERE a = 9 AND b IS NULL) FROM bag")" = '8|5|1' ]
}

# ---- MariaDB: others write all the time ----

# writer ID STATEMENT: again and again with i counting, until it fails; prints how often it did not
writer() {
	awk -v say="$2" 'BEGIN { for (i = 1; i < 1000000; i++) { one = say; gsub("@i", i, one); print one "; SELECT " i ";" } }' |
		mariadb --no-defaults -S "$MY_DIR/s" -u root -N -B -n test 2>/dev/null | tail -n 1 >"written$1" 3>&-
}
until_written() {
	for _ in $(seq 400); do
		[ "$(my "SELECT $1 FROM busy" 2>/dev/null || echo 0)" -lt 50 ] || return 0
		sleep 0.02
	done
	return 1
}

@test "MariaDB: writers that never rest lose nothing between the copy and the statement" {
	local one round
	for one in 'DROP TABLE busy;' 'ALTER TABLE busy DROP COLUMN v;' 'TRUNCATE TABLE busy; DROP TABLE busy;'; do
		for round in 1 2; do
			fresh mariadb busy
			begin 'CREATE TABLE busy (id INT PRIMARY KEY, v INT); INSERT INTO busy SELECT -seq, seq FROM seq_1_to_5000; INSERT INTO busy VALUES (0, 0);'
			change "$one"
			writer 1 'INSERT INTO busy (id, v) VALUES (@i, @i)' &
			writer 2 'UPDATE busy SET v = @i WHERE id = 0' &
			until_written 'max(id)'
			ends 0 belay up --backup --hold 60s
			wait
			ends 0 belay restore "$(belay backups | sed -n 's/^\(2@[0-9]*\) .*/\1/p' | head -n 1)"
			[ "$(my 'SELECT max(id), sum(id > 0) FROM busy')" = "$(cat written1)"$'\t'"$(cat written1)" ]
			# Behind TRUNCATE an UPDATE finds nothing, and goes on all the same.
			[[ $one == TRUNCATE* ]] || [ "$(my 'SELECT v FROM busy WHERE id = 0')" = "$(cat written2)" ]
			[ "$(my 'SELECT count(*) FROM busy WHERE id < 0')" = 5000 ]
		done
	done
}

@test "MariaDB: rows that a DELETE takes stay as they were copied, also where READ COMMITTED is the rule" {
	fresh mariadb level
	my "SET GLOBAL transaction_isolation = 'READ-COMMITTED'" 2>/dev/null || my "SET GLOBAL tx_isolation = 'READ-COMMITTED'"
	begin 'CREATE TABLE busy (id INT PRIMARY KEY, v INT); CREATE TABLE levels (what VARCHAR(30)); INSERT INTO busy VALUES (1, 1);'
	change 'DELETE FROM busy WHERE v > 0;
INSERT INTO levels SELECT trx_isolation_level FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = CONNECTION_ID();'
	sed -i 1i"$(echo 'UPDATE busy SET v = 2;')" migrations/2_change.up.sql
	ends 0 belay up --backup
	my "SET GLOBAL tx_isolation = 'REPEATABLE-READ'" 2>/dev/null || my "SET GLOBAL transaction_isolation = 'REPEATABLE-READ'"
	[ "$(my 'SELECT * FROM levels')" = 'REPEATABLE READ' ]
}

@test "MariaDB: the comparison under the lock counts to the hold budget; a table that is not there, a whole database: refused" {
	fresh mariadb held
	begin 'CREATE TABLE busy (id INT PRIMARY KEY, v TEXT); INSERT INTO busy SELECT seq, repeat("x", 500) FROM seq_1_to_20000;'
	change 'DROP TABLE busy;'
	ends 4 belay up --backup --hold 5ms --patience 0
	says "for longer than the 5 ms of the hold budget"
	[ "$(my 'SELECT count(*) FROM busy')" = 20000 ]
	[ "$(my "SELECT count(*) FROM information_schema.processlist WHERE state LIKE '%lock%'")" = 0 ]
	ends 0 belay up --backup --hold 60s
	fresh mariadb held
	begin 'CREATE TABLE busy (id INT PRIMARY KEY); INSERT INTO busy VALUES (1);'
	change 'DROP TABLE IF EXISTS busy, nowhere;'
	ends 6 belay up --backup
	says "was not locked" "Name only tables that exist" "2_change.up.sql:1:1"
	[ "$(my 'SELECT count(*) FROM busy')" = 1 ]
	fresh mariadb held
	my 'CREATE DATABASE IF NOT EXISTS other; CREATE TABLE other.t (i INT PRIMARY KEY); INSERT INTO other.t VALUES (1)'
	begin 'SELECT 1;'
	change 'DROP DATABASE other;'
	ends 6 belay up --backup
	says "while a whole database is dropped"
	[ "$(my 'SELECT count(*) FROM other.t')" = 1 ]
	my 'DROP DATABASE other'
}

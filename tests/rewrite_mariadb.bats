#!/usr/bin/env bats
# Safe steps on a real MariaDB: they end in the schema of the unsafe statement, with rows there.
load helper

setup_file() {
	load helper
	local out
	out=$("$BATS_TEST_DIRNAME/servers/mariadb.sh" start) || return 1
	MY_DIR=$(sed -n 1p <<<"$out")
	export MY_DIR
}

teardown_file() {
	[ -z "${MY_DIR:-}" ] || "$BATS_TEST_DIRNAME/servers/mariadb.sh" stop "$MY_DIR"
}

my() { mariadb --no-defaults -S "$MY_DIR/s" -u root -N -B "$@"; }

base() {
	cat <<'SQL'
CREATE TABLE users (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, email varchar(100), plan varchar(10) NOT NULL DEFAULT 'free', note text, KEY users_email (email)) ENGINE=InnoDB;
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, total int NOT NULL, KEY orders_total (total)) ENGINE=InnoDB;
INSERT INTO users (id, email) VALUES (1, 'a'), (2, 'b');
INSERT INTO orders VALUES (1, 1, 1), (2, 2, 2);
SQL
}

tables() { # DATABASE: its tables as SQL, without the counter
	local t
	for t in users orders sales; do
		my "$1" -e "SHOW CREATE TABLE $t" 2>/dev/null | sed 's/ AUTO_INCREMENT=[0-9]*//' || :
	done
}

# same_end UNSAFE CHANGE…
same_end() {
	local unsafe=$1
	shift
	rm -rf migrations verify
	echo 'dialect: mariadb' >belay.yml
	{ echo '-- UP'; base; } | file migrations/001_base.sql
	ends 0 belay new change "$@"
	ends 0 belay check --fail-on warning
	says 'nothing to report'
	ends 0 belay rehearse $(ls migrations | grep -v 001_ | sed 's/_.*//') --scratch "mariadb://root@localhost/test?socket=$MY_DIR/s"
	my -e 'DROP DATABASE IF EXISTS safe; CREATE DATABASE safe; DROP DATABASE IF EXISTS unsafe; CREATE DATABASE unsafe'
	ends 0 belay up --db "mariadb://root@localhost/safe?socket=$MY_DIR/s" --phase contract -q
	{ base; echo "$unsafe"; } | my unsafe
	tables unsafe >unsafe.sql
	tables safe >safe.sql
	grep -q "CREATE TABLE .users" safe.sql
	grep -Eq "CREATE TABLE .(orders|sales)" safe.sql
	diff -u unsafe.sql safe.sql >&2
}

@test "columns" {
	same_end 'ALTER TABLE users ADD COLUMN phone varchar(20)' add-column users phone 'varchar(20)'
	same_end 'ALTER TABLE users ADD COLUMN phone varchar(20) NOT NULL' add-column users phone 'varchar(20) NOT NULL' --fill "'-'"
	same_end 'ALTER TABLE users ADD COLUMN phone varchar(200) NOT NULL' add-column users phone 'varchar(200) NOT NULL' --fill 'upper(email)'
	same_end 'ALTER TABLE users RENAME COLUMN email TO mail' rename-column users email mail
	same_end 'ALTER TABLE users RENAME COLUMN plan TO tariff' rename-column users plan tariff
	same_end 'ALTER TABLE users DROP COLUMN note' drop-column users note
	same_end 'ALTER TABLE users MODIFY COLUMN email varchar(200)' change-type users email 'varchar(200)'
}

@test "indexes, keys, tables" {
	same_end 'CREATE INDEX orders_user_id_idx ON orders (user_id)' add-index orders user_id
	same_end 'ALTER TABLE orders DROP INDEX orders_total' drop-index orders_total orders
	same_end 'ALTER TABLE users ADD UNIQUE KEY users_email_key (email)' add-unique users email
	same_end 'ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id)' add-foreign-key orders user_id users id
	same_end 'ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id)' --sql 'ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id)'
	same_end 'ALTER TABLE orders RENAME TO sales' rename-table orders sales
	same_end "UPDATE users SET plan = 'x'" --sql "UPDATE users SET plan = 'x'"
}

@test "both names work between the steps" {
	rm -rf migrations
	echo 'dialect: mariadb' >belay.yml
	{ echo '-- UP'; base; } | file migrations/001_base.sql
	ends 0 belay new change rename-column users plan tariff
	my -e 'DROP DATABASE IF EXISTS safe; CREATE DATABASE safe'
	ends 0 belay up --db "mariadb://root@localhost/safe?socket=$MY_DIR/s" -q
	my safe -e "INSERT INTO users (id, plan) VALUES (11, 'old'); INSERT INTO users (id, tariff) VALUES (12, 'new');
		INSERT INTO users (id) VALUES (13); UPDATE users SET plan = 'old2' WHERE id = 1; UPDATE users SET tariff = 'new2' WHERE id = 2"
	[ "$(my safe -e 'SELECT count(*) FROM users WHERE plan <=> tariff')" = 5 ]
	[ "$(my safe -e 'SELECT tariff FROM users ORDER BY id' | tr '\n' ' ')" = "old2 new2 old new free " ]
}

@test "what only a copy can do is refused with the reason" {
	echo 'dialect: mariadb' >belay.yml
	{ echo '-- UP'; base; } | file migrations/001_base.sql
	ends 6 belay new change change-type orders total bigint
	says 'ALGORITHM=COPY'
	ends 6 belay new change add-check orders positive 'total > 0'
	says 'no safe form'
}

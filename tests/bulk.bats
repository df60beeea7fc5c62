#!/usr/bin/env bats
# Large files of rows as migrations: what they cost in memory, and what the servers take in one message.
load both

# rows MEGABYTES ROWS_EACH: INSERT statements of so many rows each
rows() {
	python3 -c '
import sys
size, each = int(sys.argv[1]) << 20, int(sys.argv[2])
at = 0
while size > 0:
    v = ", ".join("(%d, \x27customer number %d\x27, \x27street %d in some town or other\x27)" % (i, i, i) for i in range(at, at + each))
    at += each
    size -= len(v) + 24
    print("INSERT INTO big VALUES " + v + ";")' "$1" "$2"
}

# peak MEGABYTES ARG…: belay ends well, and never had more memory than that
peak() {
	local most=$1 seen
	shift
	ends 0 timeout 300 python3 -c '
import os, subprocess, sys
p = subprocess.Popen(sys.argv[1:], stdin=0)
_, status, used = os.wait4(p.pid, 0)
print("\npeak", used.ru_maxrss // 1024, "MB")
sys.exit(os.waitstatus_to_exitcode(status))' "$BELAY" "$@"
	seen=$(sed -n 's/^peak \([0-9]*\) MB$/\1/p' <<<"$output")
	[ "$seen" -lt "$most" ] || {
		echo "$seen MB instead of $most" >&2
		return 1
	}
}

# A program under a sanitizer starts with more than this.
plain() { "$BELAY" --version >/dev/null && ! grep -q __asan_init "$BELAY" || skip "memory is measured without sanitizers"; }

@test "20 MB of INSERTs, a row or a thousand in each: memory is the file and no more, on all engines" {
	plain
	file migrations/1_big.up.sql <<<'CREATE TABLE big (id INT PRIMARY KEY, name VARCHAR(60), street VARCHAR(60));'
	for each in 1 1000; do
		rows 20 "$each" >migrations/2_rows.up.sql
		for engine in postgres mariadb sqlite; do
			case $engine in
			postgres) pg_database "bulk$each" ;;
			mariadb) my_database "bulk$each" ;;
			sqlite) url=sqlite:bulk$each.db ;;
			esac
			DATABASE_URL=$url ends 0 belay up 1
			# 60 MB are belay's own, with a client library.
			DATABASE_URL=$url peak 120 up --dry-run
			DATABASE_URL=$url peak 120 up
			says "applied 2"
		done
	done
	for each in 1 1000; do
		DB=bulk$each
		n=$(sqlite3 "bulk$each.db" 'SELECT count(*) FROM big')
		[ "$n" -gt 180000 ]
		[ "$(pg -c 'SELECT count(*) FROM big')" = "$n" ]
		[ "$(my "bulk$each" -e 'SELECT count(*) FROM big')" = "$n" ]
	done
}

# one_bad LINE WORDS: a file of 3 MB whose line LINE is WORDS
one_bad() {
	rows 3 1 >migrations/2_rows.up.sql
	sed -i "$1s/.*/$2/" migrations/2_rows.up.sql
}

@test "INSERTs that are sent as one: the one that fails is shown, nothing stays, and a plain re-run goes on" {
	file migrations/1_big.up.sql <<<'CREATE TABLE big (id INT PRIMARY KEY, name VARCHAR(60), street VARCHAR(60));'
	for engine in postgres mariadb sqlite; do
		case $engine in
		postgres) pg_database one_bad ;;
		mariadb) my_database one_bad ;;
		sqlite) url=sqlite:one_bad.db ;;
		esac
		export DATABASE_URL=$url
		one_bad 20000 "INSERT INTO big VALUES (7, 'twice', 'the same');"
		ends 5 belay up
		says "migrations/2_rows.up.sql:20000:1" "20000 | INSERT INTO big VALUES (7," "nothing of it is applied"
		rows 3 1 >migrations/2_rows.up.sql
		ends 0 belay up --dry-run
		says "more INSERTs like it"
		ends 0 belay up
		says "applied 2"
	done
	pg_database one_bad
	export DATABASE_URL=$url
	one_bad 20000 "INSERT INTO big VALUES ('seven', 'no', 'number');"
	ends 5 belay up
	says "migrations/2_rows.up.sql:20000:25" 'invalid input syntax for type integer: "seven"'
}

@test "INSERTs that are sent as one, without a transaction around the file: one step each 8 MB, killed and carried on" {
	pg_database killed
	export DATABASE_URL=$url
	file migrations/1_big.up.sql <<<'CREATE TABLE big (id INT PRIMARY KEY, name VARCHAR(60), street VARCHAR(60));'
	{
		echo '-- belay:no-transaction'
		rows 20 1
		echo 'SELECT wait_open();'
	} >migrations/2_rows.up.sql
	pg -c "$wait_open"
	"$BELAY" up >out 2>&1 3>&- &
	until_waiting
	kill -9 $!
	# The first one has a directive, the others are 12 to 20 MB.
	[ "$(pg -c "SELECT count(*) FROM belay.step WHERE migration = '2' AND kind = 'alone' AND state = 'done'")" = 4 ]
	open_now
	pg -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%wait_open()%' AND pid <> pg_backend_pid()"
	ends 0 belay up --in-doubt again
	[ "$(pg -c 'SELECT count(*) FROM big')" = "$(grep -c INSERT migrations/2_rows.up.sql)" ]
}

@test "a script of more than a million statements is refused before anything runs" {
	plain
	{
		echo 'CREATE TABLE t (a int);'
		yes 'SELECT 1;' | head -n 1000001
	} >2_many.up.sql
	mkdir migrations && mv 2_many.up.sql migrations
	DATABASE_URL=sqlite:many.db ends 2 belay up
	says "more than 1000000 statements" "COPY"
	[ -z "$(sqlite3 many.db "SELECT name FROM sqlite_master WHERE name = 't'")" ]
}

@test "MariaDB: the journal's rows of 20,000 statements in one transaction fit its largest message" {
	my_database packet
	my -e 'SET GLOBAL max_allowed_packet = 1048576'
	file migrations/1_big.up.sql <<<'CREATE TABLE big (id INT PRIMARY KEY, name VARCHAR(60), street VARCHAR(60));'
	rows 2 1 | sed 's/ VALUES (\([0-9]*\)/ VALUES (abs(\1)/' >migrations/2_rows.up.sql
	DATABASE_URL=$url ends 0 belay up
	my -e 'SET GLOBAL max_allowed_packet = 16777216'
	n=$(wc -l <migrations/2_rows.up.sql)
	[ "$n" -gt 15000 ]
	[ "$(my packet -e "SELECT count(*) FROM belay_step WHERE migration = '2' AND state IN ('done', 'recorded')")" = "$n" ]
	[ "$(my packet -e "SELECT count(*) FROM big")" = "$n" ]
}

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

@test "20 MB of INSERTs, a row or a thousand in each: memory is a multiple of the file, on all engines" {
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
			most=$([ "$each" = 1 ] && echo 420 || echo 140)
			DATABASE_URL=$url peak "$most" up --dry-run
			DATABASE_URL=$url peak "$most" up
			says "applied 2"
		done
	done
	[ "$(pg -c 'SELECT count(*) FROM big')" = "$(sqlite3 bulk1000.db 'SELECT count(*) FROM big')" ]
	[ "$(my bulk1000 -e 'SELECT count(*) FROM big')" = "$(sqlite3 bulk1000.db 'SELECT count(*) FROM big')" ]
}

@test "MariaDB: the journal's rows of 20,000 statements in one transaction fit its largest message" {
	my_database packet
	my -e 'SET GLOBAL max_allowed_packet = 1048576'
	file migrations/1_big.up.sql <<<'CREATE TABLE big (id INT PRIMARY KEY, name VARCHAR(60), street VARCHAR(60));'
	rows 2 1 >migrations/2_rows.up.sql
	DATABASE_URL=$url ends 0 belay up
	my -e 'SET GLOBAL max_allowed_packet = 16777216'
	n=$(wc -l <migrations/2_rows.up.sql)
	[ "$n" -gt 15000 ]
	[ "$(my packet -e "SELECT count(*) FROM belay_step WHERE migration = '2' AND state IN ('done', 'recorded')")" = "$n" ]
	[ "$(my packet -e "SELECT count(*) FROM big")" = "$n" ]
}

#!/usr/bin/env bats
# Statements that commit by themselves: the session behind them, and what one that fails leaves behind.
load helper

setup_file() {
	load helper
	postgres_start
}

teardown_file() {
	load helper
	postgres_stop
}

teardown() {
	[ -z "${MY_DIR:-}" ] || "$ROOT/tests/servers/mariadb.sh" stop "$MY_DIR"
}

@test "behind a block or a procedure with COMMIT: settings, role, limits and the lease are as they were" {
	pg_database behind
	psql -X -q -h "$PG_DIR" -U postgres postgres -c 'DROP ROLE IF EXISTS weak' -c 'CREATE ROLE weak'
	pg -c 'GRANT ALL ON SCHEMA public TO weak'
	file migrations/1_a.up.sql <<'SQL'
CREATE TABLE a (i int);
GRANT ALL ON a TO weak;
CREATE PROCEDURE two() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO a VALUES (1); COMMIT;
	PERFORM set_config('search_path', 'nowhere', false), set_config('lock_timeout', '7s', false), set_config('statement_timeout', '30s', false);
	SET ROLE weak; INSERT INTO public.a VALUES (2); COMMIT; END $$;
SQL
	file migrations/2_b.up.sql <<<$'-- belay:no-transaction\nCALL two();'
	file migrations/3_c.up.sql <<<"CREATE TABLE seen AS SELECT name, setting FROM pg_settings WHERE name IN ('search_path', 'statement_timeout', 'default_transaction_read_only'); INSERT INTO seen VALUES ('who', current_user);"
	file migrations/4_d.up.sql <<'SQL'
DO $$ BEGIN FOR k IN 11..13 LOOP INSERT INTO public.a VALUES (k); COMMIT; END LOOP; PERFORM set_config('search_path', 'nowhere', false); END $$;
INSERT INTO public.a VALUES (14);
SQL
	file migrations/5_e.up.sql <<<'INSERT INTO a VALUES (15);'
	ends 5 belay up 2 --db "$url"
	says "permission denied"
	pg -c 'GRANT USAGE ON SCHEMA belay TO weak; GRANT ALL ON ALL TABLES IN SCHEMA belay TO weak; GRANT ALL ON schema_migrations TO weak'
	ends 0 belay up --db "$url" --in-doubt done
	[ "$(pg -c "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM seen")" = 'default_transaction_read_only=off search_path="$user", public statement_timeout=0 who=postgres' ]
	[ "$(pg -c 'SELECT string_agg(i::text, chr(32) ORDER BY i) FROM a')" = '1 2 11 12 13 14 15' ]
	[ "$(pg -c 'SELECT version, dirty FROM schema_migrations')" = '5|f' ]
	[ "$(pg -c "SELECT count(*) FROM belay.step WHERE state <> 'recorded' AND kind <> 'transaction'")" = 0 ]
}

@test "PostgreSQL: a block that fails behind its COMMIT is not run again unasked" {
	local one
	for one in 'DO $$ BEGIN FOR k IN 1..9 LOOP INSERT INTO a VALUES (k); COMMIT; END LOOP; END $$;' 'CALL fill();'; do
		pg_database halfway
		file migrations/1_a.up.sql <<<'CREATE TABLE a (i int CHECK (i < 3)); CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN FOR k IN 1..9 LOOP INSERT INTO a VALUES (k); COMMIT; END LOOP; END $$; CREATE PROCEDURE plain() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO a VALUES (10); INSERT INTO a VALUES (11 / (SELECT 0)); END $$;'
		printf -- '-- belay:no-transaction\n%s\nINSERT INTO a VALUES (0);\n' "$one" | file migrations/2_b.up.sql
		ends 5 belay up --db "$url"
		says "violates check constraint" "commits by itself: what it did before it failed stays" "--in-doubt again"
		says_not "nothing of it is applied" "0 of 2 statements"
		ends 6 belay up --db "$url"
		says "it is not known how far this statement of migration 2 came" "violates check constraint"
		[ "$(pg -c 'SELECT string_agg(i::text, chr(32) ORDER BY i) FROM a')" = '1 2' ]
		ends 0 belay status --db "$url"
		pg -c 'ALTER TABLE a DROP CONSTRAINT a_i_check; DELETE FROM a'
		ends 0 belay up --db "$url" --in-doubt again
		[ "$(pg -c 'SELECT string_agg(i::text, chr(32) ORDER BY i) FROM a')" = '0 1 2 3 4 5 6 7 8 9' ]
	done
	# Without a COMMIT nothing stays, and it runs again.
	file migrations/3_c.up.sql <<<$'-- belay:no-transaction\nCALL plain();'
	ends 5 belay up --db "$url"
	says_not "commits by itself"
	[ "$(pg -c 'SELECT count(*) FROM a')" = 10 ]
	pg -c 'CREATE OR REPLACE PROCEDURE plain() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO a VALUES (10); END $$'
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT count(*) FROM a')" = 11 ]
	# In a transaction it cannot be; what to do is said.
	file migrations/4_d.up.sql <<<'CALL fill();'
	ends 5 belay up --db "$url"
	says "invalid transaction termination" "belay:no-transaction" "nothing of it is applied"
}

@test "MariaDB: a procedure that fails is not run again unasked; one that leaves a transaction open" {
	local out my
	out=$("$ROOT/tests/servers/mariadb.sh" start)
	MY_DIR=$(sed -n 1p <<<"$out") url=$(sed -n 2p <<<"$out")
	my() { mariadb --no-defaults -S "$MY_DIR/s" -u root -N -B test -e "$1"; }
	printf 'CREATE TABLE a (i int, CHECK (i < 3)) ENGINE=InnoDB;\nDELIMITER //\nCREATE PROCEDURE fill() BEGIN INSERT INTO a VALUES (1); INSERT INTO a VALUES (2); INSERT INTO a VALUES (3); END//\nCREATE PROCEDURE half() BEGIN START TRANSACTION; INSERT INTO a VALUES (2); END//\n' | mariadb --no-defaults -S "$MY_DIR/s" -u root test
	file migrations/1_b.up.sql <<<'CALL fill(); INSERT INTO a VALUES (0);'
	ends 5 belay up --db "$url"
	says "commits by itself" "--in-doubt again"
	ends 6 belay up --db "$url"
	says "it is not known how far this statement of migration 1 came"
	[ "$(my 'SELECT count(*) FROM a')" = 2 ]
	ends 0 belay up --db "$url" --in-doubt done
	[ "$(my 'SELECT group_concat(i ORDER BY i) FROM a')" = 0,1,2 ]
	file migrations/2_none.up.sql <<<'CALL nobody();'
	ends 5 belay up --db "$url"
	says_not "commits by itself"
	file migrations/2_none.up.sql <<<'CALL half();'
	ends 5 belay up --db "$url"
	says "leaves a transaction open"
	[ "$(my 'SELECT count(*) FROM a')" = 3 ]
}

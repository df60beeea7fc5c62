#!/usr/bin/env bash
# pg-functions.sh BIN-DIR… - what servers say about their built-in functions, casts and types, as the
# tables src/engine/postgres/{functions,casts,types,operators,classes}.inc. BIN-DIR: folders with initdb and postgres of
# the versions that are told apart (12 to 18); psql must be installed.
#
# functions: name, argument types, volatility (i s v), strict, language, first and last version, result,
#   kind (function, aggregate, window; set: of functions that return one)
# operators: name, left and right type, result, volatility; classes: of indexes, method, name, type, default
# casts: from, to, context (implicit, assignment, explicit), method (binary, function, in/out)
set -euo pipefail
for bin; do bins+=("$(realpath "$bin")"); done
out=$(realpath "$(dirname "$0")/../src/engine/postgres")
dir=$(mktemp -d "${TMPDIR:-/tmp}/belay-functions.XXXXXX")
server=
stop() {
	[ ! -f "$server" ] || kill -INT "$(head -n 1 "$server")"
	wait
	server=
}
trap 'stop; rm -rf "$dir"' EXIT
as_user() { "$@"; }
if [ "$(id -u)" = 0 ]; then
	user=postgres
	id "$user" >/dev/null 2>&1 || user=nobody
	as_user() { runuser -u "$user" -- "$@"; }
	chown "$user" "$dir"
fi
for bin in "${bins[@]}"; do
	major=$("$bin/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
	(cd / && as_user "$bin/initdb" -D "$dir/$major" -U postgres -A trust -E UTF8 --locale=C >/dev/null)
	cd /
	as_user "$bin/postgres" -D "$dir/$major" -k "$dir" -c listen_addresses= \
		-c fsync=off >"$dir/$major.log" 2>&1 &
	server=$dir/$major/postmaster.pid
	for _ in $(seq 200); do
		psql -XAtq -h "$dir" -U postgres -c 'SELECT 1' postgres >/dev/null 2>&1 && break
		sleep 0.1
	done
	psql -XAtq -F '|' -h "$dir" -U postgres -v major="$major" postgres <<-'SQL' >>"$dir/all"
		SELECT 'f', proname, coalesce((SELECT string_agg(replace(format_type(a, NULL), '"', ''), ',' ORDER BY n)
		                                 FROM unnest(proargtypes) WITH ORDINALITY u (a, n)), ''),
		       pronargdefaults, CASE WHEN provariadic <> 0 THEN 1 ELSE 0 END, provolatile,
		       CASE WHEN proisstrict THEN 1 ELSE 0 END, lanname, replace(format_type(prorettype, NULL), '"', ''),
		       CASE WHEN proretset THEN 's' ELSE prokind::text END, :major
		  FROM pg_proc JOIN pg_language l ON l.oid = prolang
		 WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind IN ('f', 'w', 'a')
		   AND prorettype NOT IN ('trigger'::regtype, 'internal'::regtype)
		   AND NOT 'internal'::regtype = ANY (proargtypes);
		SELECT 'o', translate(oprname, '|', 'V'), CASE WHEN oprleft <> 0 THEN replace(format_type(oprleft, NULL), '"', '') END,
		       CASE WHEN oprright <> 0 THEN replace(format_type(oprright, NULL), '"', '') END,
		       replace(format_type(oprresult, NULL), '"', ''), provolatile, :major
		  FROM pg_operator JOIN pg_proc p ON p.oid = oprcode WHERE oprnamespace = 'pg_catalog'::regnamespace;
		SELECT 'd', amname, opcname, replace(format_type(opcintype, NULL), '"', ''), CASE WHEN opcdefault THEN 1 ELSE 0 END, :major
		  FROM pg_opclass JOIN pg_am a ON a.oid = opcmethod;
		SELECT 'c', replace(format_type(castsource, NULL), '"', ''), replace(format_type(casttarget, NULL), '"', ''), castcontext, castmethod, :major
		  FROM pg_cast;
		SELECT 't', replace(format_type(oid, NULL), '"', ''), typcategory, :major FROM pg_type
		 WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm', 'p')
		   AND typcategory <> 'A' AND typname !~ '^(pg_|_)';
	SQL
	stop
done
versions="$(sed -n 's/^c.*|//p' "$dir/all" | sort -nu | sed -n '1p;$p' | paste -sd ' ' | sed 's/ / to /')"
# fold FIELDS FORMAT: rows that are the same but for their version
fold() {
	grep "^$1|" "$dir/all" | sort -t '|' | awk -F '|' -v format="$2" '
		{ v = $NF; row = $0; sub(/\|[0-9]+$/, "", row)
		  if (!(row in from)) { from[row] = to[row] = v; order[++n] = row }
		  if (v + 0 < from[row] + 0) from[row] = v
		  if (v + 0 > to[row] + 0) to[row] = v }
		END { for (i = 1; i <= n; i++) { k = split(order[i], f, "|"); 
		  if (format == "f") printf "{\"%s\", \"%s\", %s, %s, '\''%s'\'', %s, \"%s\", %s, %s, \"%s\", '\''%s'\''},\n", f[2], f[3], f[4], f[5], f[6], f[7], f[8], from[order[i]], to[order[i]], f[9], f[10]
		  if (format == "o") { gsub("V", "|", f[2]); printf "{\"%s\", \"%s\", \"%s\", \"%s\", '\''%s'\'', %s, %s},\n", f[2], f[3], f[4], f[5], f[6], from[order[i]], to[order[i]] }
		  if (format == "d") printf "{\"%s\", \"%s\", \"%s\", %s, %s, %s},\n", f[2], f[3], f[4], f[5], from[order[i]], to[order[i]]
		  if (format == "c") printf "{\"%s\", \"%s\", '\''%s'\'', '\''%s'\'', %s, %s},\n", f[2], f[3], f[4], f[5], from[order[i]], to[order[i]]
		  if (format == "t") printf "{\"%s\", '\''%s'\'', %s, %s},\n", f[2], f[3], from[order[i]], to[order[i]] } }' |
		LC_ALL=C sort
}
{
	echo "/* Made by tools/pg-functions.sh from PostgreSQL $versions: name, arguments, how many have a"
	echo " * default, variadic, volatility, strict, language, first and last version, result, kind. */"
	fold f f
} >"$out/functions.inc"
{
	echo "/* Made by tools/pg-functions.sh from PostgreSQL $versions: from, to, context, method, versions. */"
	fold c c
} >"$out/casts.inc"
{
	echo "/* Made by tools/pg-functions.sh from PostgreSQL $versions: type, category, versions. */"
	fold t t
} >"$out/types.inc"
{
	echo "/* Made by tools/pg-functions.sh from PostgreSQL $versions: name, left, right, result, volatility,"
	echo " * first and last version. */"
	fold o o
} >"$out/operators.inc"
{
	echo "/* Made by tools/pg-functions.sh from PostgreSQL $versions: method, class, type, default, versions. */"
	fold d d
} >"$out/classes.inc"

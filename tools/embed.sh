#!/bin/sh
# embed.sh OUT.c OUT.h FILE.sql… - makes C strings of the queries.
# queries/postgres/columns.sql becomes `const char query_postgres_columns[]`.
set -eu
c=$1 h=$2
shift 2
{
	echo '/* Made by tools/embed.sh from the .sql files of queries/. */'
	echo '#ifndef BELAY_QUERIES_H'
	echo '#define BELAY_QUERIES_H'
	echo '/* clang-format off */'
	for f; do
		name=$(echo "${f##*queries/}" | sed 's/\.sql$//; s/[^A-Za-z0-9]/_/g')
		echo "extern const char query_$name[];"
	done
	echo '#endif'
} >"$h"
{
	echo '/* Made by tools/embed.sh from the .sql files of queries/. */'
	echo '#include "queries.h"'
	for f; do
		name=$(echo "${f##*queries/}" | sed 's/\.sql$//; s/[^A-Za-z0-9]/_/g')
		echo "const char query_$name[] ="
		sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/	"&\\n"/' "$f"
		echo ';'
	done
} >"$c"

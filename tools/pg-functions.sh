#!/usr/bin/env bash
# pg-functions.sh PSQL-OPTION… > src/engine/postgres/functions.inc
#
# The volatility of every built-in function, as a server says it: the loosest of its overloads.
# Run against any PostgreSQL; the committed table is that of 15.
set -euo pipefail
psql -XAtq "$@" <<'SQL'
SELECT format('{"%s", ''%s''},', proname,
              CASE WHEN bool_or(provolatile = 'v') THEN 'v'
                   WHEN bool_or(provolatile = 's') THEN 's' ELSE 'i' END)
  FROM pg_catalog.pg_proc
 WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind IN ('f', 'w', 'a')
   AND prorettype NOT IN ('trigger'::regtype, 'internal'::regtype)
   AND NOT 'internal'::regtype = ANY (proargtypes)
 GROUP BY proname ORDER BY proname COLLATE "C";
SQL

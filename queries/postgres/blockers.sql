-- Who stands in the way: of session $1 (0 = nobody), or of a lock on the relations $2 (one name a line).
-- $3: whether that lock would stop readers too.
WITH wanted AS (
	SELECT pg_catalog.to_regclass(n) AS relation
	FROM pg_catalog.regexp_split_to_table($2::text, E'\n') n
	WHERE n <> ''
), held AS (
	SELECT l.pid, l.virtualtransaction
	FROM pg_catalog.pg_locks l
	WHERE l.locktype = 'relation' AND l.granted
	  AND l.relation IN (SELECT w.relation FROM wanted w)
	  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
	  AND l.pid IS DISTINCT FROM $1::int
	  AND ($3::bool OR l.mode NOT IN ('AccessShareLock', 'RowShareLock'))
), who AS (
	SELECT b.pid FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids($1::int)) b(pid)
	UNION
	SELECT h.pid FROM held h
)
SELECT a.pid::text,
       COALESCE(NULLIF(a.application_name, ''), a.backend_type, '?'),
       a.usename::text,
       COALESCE(a.state, a.backend_type, '?'),
       EXTRACT(epoch FROM pg_catalog.clock_timestamp() - COALESCE(a.xact_start, a.query_start, a.backend_start))::bigint::text,
       CASE WHEN a.backend_type = 'client backend' THEN pg_catalog.left(a.query, 400) ELSE a.query END
FROM who w JOIN pg_catalog.pg_stat_activity a ON a.pid = w.pid
UNION ALL
SELECT p.gid, 'prepared transaction', p.owner::text, 'prepared',
       EXTRACT(epoch FROM pg_catalog.clock_timestamp() - p.prepared)::bigint::text, ''
FROM pg_catalog.pg_prepared_xacts p
WHERE p.database = pg_catalog.current_database()
  -- Its lock on itself tells which it is: before a restart it still has the number of its session (since 14.1).
  AND EXISTS (SELECT 1 FROM held h JOIN pg_catalog.pg_locks l ON l.virtualtransaction = h.virtualtransaction
              WHERE h.pid IS NULL AND l.pid IS NULL AND l.locktype = 'transactionid' AND l.transactionid = p.transaction)
ORDER BY 1

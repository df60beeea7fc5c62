-- Sessions with a transaction, or that wait; and whom they wait for.
SELECT a.pid::text,
       COALESCE(NULLIF(a.application_name, ''), a.backend_type, '?'),
       COALESCE(a.usename::text, ''),
       COALESCE(a.state, a.backend_type, '?'),
       (EXTRACT(epoch FROM pg_catalog.clock_timestamp() - COALESCE(a.xact_start, a.query_start, a.backend_start)) * 1000)::bigint::text,
       CASE WHEN a.wait_event_type = 'Lock' THEN
           (EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.state_change) * 1000)::bigint::text END,
       COALESCE((SELECT CASE WHEN l.locktype = 'relation' THEN l.mode || ' ' || l.relation::regclass::text ELSE l.locktype END
                 FROM pg_catalog.pg_locks l WHERE l.pid = a.pid AND NOT l.granted LIMIT 1), ''),
       pg_catalog.array_to_string(pg_catalog.pg_blocking_pids(a.pid), ' '),
       COALESCE(pg_catalog.left(a.query, 400), '')
FROM pg_catalog.pg_stat_activity a
WHERE a.pid <> pg_catalog.pg_backend_pid()
  AND a.datname = pg_catalog.current_database()
  AND (a.xact_start IS NOT NULL OR a.wait_event_type = 'Lock')
UNION ALL
SELECT p.gid, 'prepared transaction', p.owner::text, 'prepared',
       (EXTRACT(epoch FROM pg_catalog.clock_timestamp() - p.prepared) * 1000)::bigint::text, NULL, '', '', ''
FROM pg_catalog.pg_prepared_xacts p WHERE p.database = pg_catalog.current_database()
ORDER BY 5 DESC, 1

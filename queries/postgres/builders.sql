-- Who builds an index of the table $1 (as to_regclass reads it) at this moment, other than this session.
SELECT a.pid::text, COALESCE(NULLIF(a.application_name, ''), 'a session') || COALESCE(', role ' || a.usename, '')
FROM pg_catalog.pg_stat_progress_create_index p
JOIN pg_catalog.pg_stat_activity a ON a.pid = p.pid
WHERE p.relid = pg_catalog.to_regclass($1) AND p.datname = pg_catalog.current_database()
	AND p.pid <> pg_catalog.pg_backend_pid()
ORDER BY 1
LIMIT 1

-- What reports its progress: what, phase, done, total, unit.
SELECT p.pid::text, p.command || ' on ' || p.relid::regclass::text, p.phase,
       CASE WHEN p.blocks_total > 0 THEN p.blocks_done ELSE p.tuples_done END::text,
       CASE WHEN p.blocks_total > 0 THEN p.blocks_total ELSE p.tuples_total END::text,
       CASE WHEN p.blocks_total > 0 THEN 'blocks' ELSE 'rows' END
FROM pg_catalog.pg_stat_progress_create_index p WHERE p.datname = pg_catalog.current_database()
UNION ALL
SELECT p.pid::text, 'VACUUM ' || p.relid::regclass::text, p.phase, p.heap_blks_scanned::text, p.heap_blks_total::text, 'blocks'
FROM pg_catalog.pg_stat_progress_vacuum p WHERE p.datname = pg_catalog.current_database()
UNION ALL
SELECT p.pid::text, p.command || ' ' || p.relid::regclass::text, p.phase, p.heap_blks_scanned::text, p.heap_blks_total::text, 'blocks'
FROM pg_catalog.pg_stat_progress_cluster p WHERE p.datname = pg_catalog.current_database()
ORDER BY 1

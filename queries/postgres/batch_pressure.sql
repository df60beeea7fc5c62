-- What else goes on: other sessions at work ($1 is ours), how far standbys are behind, who waits for
-- the table $2. What this role may not see counts as being there.
SELECT
	(SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity
		WHERE backend_type = 'client backend' AND pid NOT IN ($1::int, pg_catalog.pg_backend_pid())
		AND coalesce(state, 'active') = 'active'),
	(SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_replication WHERE state = 'streaming'),
	(SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_replication WHERE state IS NULL),
	(SELECT coalesce(pg_catalog.max(extract(epoch FROM replay_lag) * 1000), 0)::bigint
		FROM pg_catalog.pg_stat_replication WHERE state = 'streaming'),
	(SELECT coalesce(pg_catalog.max(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(),
		coalesce(replay_lsn, flush_lsn, sent_lsn))), 0)::bigint
		FROM pg_catalog.pg_stat_replication WHERE state = 'streaming'),
	(SELECT pg_catalog.count(DISTINCT l.pid) FROM pg_catalog.pg_locks l
		JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
		WHERE NOT l.granted AND l.relation = $2::regclass AND l.pid <> $1::int
		AND l.database = (SELECT oid FROM pg_catalog.pg_database
			WHERE datname = pg_catalog.current_database())
		AND coalesce(a.query_start, '-infinity') < pg_catalog.now() - interval '1 second')

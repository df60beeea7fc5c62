-- What else goes on: other sessions at work ($1 is ours), how far standbys are behind, who waits for
-- the table $2, transactions and log so far, how many rows of it were changed and how many of those
-- stayed on their page, and who keeps the oldest snapshot: dead rows of this
-- database cannot be vacuumed away meanwhile. What this role may not see counts as being there.
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
		AND coalesce(a.query_start, '-infinity') < pg_catalog.now() - interval '1 second'),
	(SELECT xact_commit + xact_rollback FROM pg_catalog.pg_stat_database
		WHERE datname = pg_catalog.current_database()),
	CASE WHEN NOT pg_catalog.pg_is_in_recovery()
		THEN pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0')::bigint END,
	o.ms, o.pid, u.updated, u.beside
FROM (
	WITH RECURSIVE below(oid) AS (
		SELECT $2::regclass::oid UNION ALL
		SELECT h.inhrelid FROM pg_catalog.pg_inherits h JOIN below b ON h.inhparent = b.oid)
	SELECT pg_catalog.sum(pg_catalog.pg_stat_get_tuples_updated(oid))::bigint AS updated,
		pg_catalog.sum(pg_catalog.pg_stat_get_tuples_hot_updated(oid))::bigint AS beside
	FROM below) u
LEFT JOIN LATERAL (
	SELECT pid, (extract(epoch FROM pg_catalog.clock_timestamp() - since) * 1000)::bigint AS ms FROM (
		SELECT pid, xact_start AS since FROM pg_catalog.pg_stat_activity
		WHERE (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL) AND datname = pg_catalog.current_database()
		AND backend_type <> 'autovacuum worker' AND pid NOT IN ($1::int, pg_catalog.pg_backend_pid())
		UNION ALL
		SELECT 0, prepared FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database()) s
	WHERE since IS NOT NULL ORDER BY since LIMIT 1) o ON true

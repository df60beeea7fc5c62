-- Who replays our changes, and how far behind.
SELECT COALESCE(NULLIF(s.application_name, ''), s.client_addr::text, s.pid::text), COALESCE(s.state, '?'),
       COALESCE(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.replay_lsn)::bigint::text, ''),
       COALESCE((EXTRACT(epoch FROM s.replay_lag) * 1000)::bigint::text, '')
FROM pg_catalog.pg_stat_replication s
WHERE NOT pg_catalog.pg_is_in_recovery()
ORDER BY 1

-- Who is furthest behind with replaying our changes, and how far: milliseconds. A role that may not
-- see it gets no row.
SELECT COALESCE(NULLIF(s.application_name, ''), s.client_addr::text, s.pid::text),
       (EXTRACT(epoch FROM s.replay_lag) * 1000)::bigint::text
FROM pg_catalog.pg_stat_replication s
WHERE NOT pg_catalog.pg_is_in_recovery() AND s.replay_lag IS NOT NULL
ORDER BY s.replay_lag DESC
LIMIT 1

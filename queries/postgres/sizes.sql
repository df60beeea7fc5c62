-- Tables and materialized views with what the statistics say of them: rows (-1: not known), bytes with
-- TOAST, bytes of their indexes. Partitioned tables stand for all that is below them. No table is
-- opened, so nothing is locked and nothing waits.
WITH RECURSIVE below(top, oid) AS (
	SELECT c.oid, c.oid FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p', 'm')
	UNION ALL
	SELECT b.top, h.inhrelid FROM pg_catalog.pg_inherits h JOIN below b ON h.inhparent = b.oid
	JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid AND c.relispartition
), one AS (
	SELECT c.oid,
		CASE WHEN c.relkind = 'p' THEN 0
			WHEN c.reltuples > 0 OR c.relpages > 0 THEN c.reltuples
			WHEN pg_catalog.pg_stat_get_live_tuples(c.oid) > 0 THEN pg_catalog.pg_stat_get_live_tuples(c.oid)
			WHEN pg_catalog.pg_stat_get_last_analyze_time(c.oid) IS NOT NULL
				OR pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid) IS NOT NULL
				OR pg_catalog.pg_stat_get_last_vacuum_time(c.oid) IS NOT NULL THEN 0
			ELSE -1 END AS live,
		c.relpages::bigint + coalesce(t.relpages, 0) AS pages,
		(SELECT coalesce(pg_catalog.sum(x.relpages), 0) FROM pg_catalog.pg_index i
			JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid) AS index_pages
	FROM pg_catalog.pg_class c
	LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
	WHERE c.relkind IN ('r', 'p', 'm')
)
SELECT n.nspname, c.relname,
	CASE WHEN pg_catalog.bool_or(o.live < 0) THEN -1 ELSE pg_catalog.sum(o.live) END::bigint,
	(pg_catalog.sum(o.pages) * pg_catalog.current_setting('block_size')::bigint)::bigint,
	(pg_catalog.sum(o.index_pages) * pg_catalog.current_setting('block_size')::bigint)::bigint
FROM below b
JOIN pg_catalog.pg_class c ON c.oid = b.top
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN one o ON o.oid = b.oid
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%'
GROUP BY 1, 2
ORDER BY 1, 2

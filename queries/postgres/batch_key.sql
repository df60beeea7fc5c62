-- The table $1 and what identifies its rows: a row per column of each unique key without holes, best
-- key first; one row with an empty key when there is none.
SELECT c.relkind, c.oid, pg_catalog.pg_relation_filenode(c.oid),
	pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int,
	(SELECT pg_catalog.sum(p.reltuples) FROM pg_catalog.pg_class p
		WHERE p.reltuples > 0 AND (p.oid = c.oid OR p.relispartition AND p.oid IN (
			WITH RECURSIVE below(oid) AS (
				SELECT c.oid UNION ALL
				SELECT h.inhrelid FROM pg_catalog.pg_inherits h JOIN below b ON h.inhparent = b.oid)
			SELECT oid FROM below) AND p.relkind = 'r'))::bigint,
	c.relkind <> 'p' AND EXISTS (SELECT 1 FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid),
	k.name, k.is_primary, k.attname, k.type, k.as_json
FROM pg_catalog.pg_class c
LEFT JOIN (
	SELECT i.indrelid, i.indexrelid, x.relname AS name, i.indisprimary AS is_primary,
		i.indnkeyatts, a.attname, n.ord,
		pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
		a.atttypid IN (1082, 1114, 1184) AS as_json
	FROM pg_catalog.pg_index i
	JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
	JOIN pg_catalog.pg_am m ON m.oid = x.relam AND m.amname = 'btree'
	CROSS JOIN LATERAL pg_catalog.generate_series(0, i.indnkeyatts - 1) n(ord)
	JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n.ord]
	WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
	AND NOT EXISTS (SELECT 1 FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) o(ord)
		JOIN pg_catalog.pg_attribute b ON b.attrelid = i.indrelid AND b.attnum = i.indkey[o.ord]
		WHERE NOT b.attnotnull)
) k ON k.indrelid = c.oid
WHERE c.oid = $1::regclass
ORDER BY k.is_primary DESC NULLS LAST, k.indnkeyatts, k.indexrelid, k.ord

-- Would a row of table $1 whose columns $2 (a line each) are changed find room beside itself, without
-- new entries in any index? And does the order of the key's first column, $3, follow the rows' places?
WITH RECURSIVE below(oid) AS (
	SELECT $1::regclass::oid UNION ALL
	SELECT h.inhrelid FROM pg_catalog.pg_inherits h JOIN below b ON h.inhparent = b.oid)
SELECT NOT EXISTS (
		SELECT 1 FROM below b
		JOIN pg_catalog.pg_index i ON i.indrelid = b.oid
		JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
		JOIN pg_catalog.pg_am m ON m.oid = x.relam
		JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum > 0
		WHERE a.attname = ANY (pg_catalog.string_to_array($2, E'\n'))
		AND NOT (m.amname = 'brin' AND pg_catalog.current_setting('server_version_num')::int >= 160000)
		AND (a.attnum = ANY (i.indkey) OR EXISTS (
			SELECT 1 FROM pg_catalog.pg_depend d
			WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.indexrelid
			AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = i.indrelid
			AND d.refobjsubid = a.attnum))),
	((SELECT pg_catalog.max(pg_catalog.abs(s.correlation)) FROM pg_catalog.pg_stats s
		JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname
		JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename
		WHERE c.oid IN (SELECT oid FROM below) AND s.attname = $3)::numeric * 100)::int

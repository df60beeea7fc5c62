-- Indexes that are invalid and that nobody is building or rebuilding at this moment.
SELECT n.nspname, x.relname, tn.nspname, t.relname, x.relname ~ '_cc(new|old)[0-9]*$'
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid AND x.relkind = 'i'
JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
WHERE NOT i.indisvalid AND n.nspname NOT LIKE 'pg\_%'
AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index p
	WHERE p.relid = i.indrelid AND (p.index_relid = i.indexrelid OR p.index_relid = 0))
ORDER BY 1, 2

-- Triggers of people, not those behind foreign keys, nor the copies on partitions.
SELECT t.tgrelid AS "table", t.oid AS "oid", t.tgname AS "name",
       CASE WHEN t.tgtype::int & 64 <> 0 THEN 'instead of' WHEN t.tgtype::int & 2 <> 0 THEN 'before'
         ELSE 'after' END AS "timing",
       pg_catalog.array_remove(ARRAY[CASE WHEN t.tgtype::int & 4 <> 0 THEN 'insert' END,
         CASE WHEN t.tgtype::int & 16 <> 0 THEN 'update' END,
         CASE WHEN t.tgtype::int & 8 <> 0 THEN 'delete' END,
         CASE WHEN t.tgtype::int & 32 <> 0 THEN 'truncate' END], NULL) AS "events",
       (SELECT pg_catalog.array_agg(a.attname ORDER BY u.i)
        FROM pg_catalog.unnest(t.tgattr::int2[]) WITH ORDINALITY u(n, i)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = t.tgrelid AND a.attnum = u.n) AS "columns",
       t.tgtype::int & 1 <> 0 AS "for each row",
       CASE WHEN t.tgqual IS NOT NULL THEN pg_catalog.substring(pg_catalog.pg_get_triggerdef(t.oid),
         ' WHEN \((.*)\) EXECUTE FUNCTION ') END AS "when",
       pg_catalog.substring(pg_catalog.pg_get_triggerdef(t.oid), ' EXECUTE FUNCTION (.*)$') AS "body",
       CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always'
         ELSE 'origin' END AS "enabled",
       t.tgconstraint <> 0 AS "constraint trigger", t.tgdeferrable AS "deferrable",
       t.tginitdeferred AS "initially deferred", t.tgoldtable AS "old table", t.tgnewtable AS "new table"
FROM pg_catalog.pg_trigger t
WHERE NOT t.tgisinternal AND t.tgrelid >= 16384
  AND t.tgparentid = 0 --13+
--<13  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.deptype IN ('P', 'I')
--<13      AND d.classid = 'pg_catalog.pg_trigger'::regclass AND d.objid = t.oid)
ORDER BY t.tgrelid, t.oid

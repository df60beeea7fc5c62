-- Constraints of tables, in the order in which they were made.
SELECT k.conrelid AS "table", k.oid AS "oid", k.conname AS "name",
       CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key'
         WHEN 'c' THEN 'check' WHEN 'x' THEN 'exclude' WHEN 'n' THEN 'not null' END AS "kind",
       (SELECT pg_catalog.array_agg(a.attname ORDER BY u.i)
        FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u(n, i)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n) AS "columns",
       CASE WHEN k.contype = 'f' THEN ARRAY[fn.nspname, fc.relname] END AS "references",
       CASE WHEN k.contype = 'f' THEN (SELECT pg_catalog.array_agg(a.attname ORDER BY u.i)
        FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u(n, i)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n) END
         AS "referenced columns",
       CASE WHEN k.contype = 'f' THEN CASE k.confdeltype WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade'
         WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' ELSE 'no action' END END AS "on delete",
       CASE WHEN k.contype = 'f' THEN CASE k.confupdtype WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade'
         WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' ELSE 'no action' END END AS "on update",
       CASE WHEN k.confdelsetcols IS NOT NULL THEN (SELECT pg_catalog.array_agg(a.attname ORDER BY u.i) --15+
        FROM pg_catalog.unnest(k.confdelsetcols) WITH ORDINALITY u(n, i) --15+
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n) END --15+
         AS "on delete columns", --15+
       CASE WHEN k.contype = 'f' THEN CASE k.confmatchtype WHEN 'f' THEN 'full' WHEN 'p' THEN 'partial'
         ELSE 'simple' END END AS "match",
       CASE k.contype WHEN 'c' THEN pg_catalog.pg_get_expr(k.conbin, k.conrelid)
         WHEN 'x' THEN pg_catalog.regexp_replace(pg_catalog.substr(pg_catalog.pg_get_constraintdef(k.oid), 9),
           '( DEFERRABLE| INITIALLY DEFERRED)+$', '') END AS "expression",
       k.condeferrable AS "deferrable", k.condeferred AS "initially deferred",
       NOT k.convalidated AS "not valid",
       NOT k.conenforced AS "not enforced", --18+
       k.conperiod AS "without overlaps / period", --18+
       k.contype IN ('c', 'n') AND k.connoinherit AS "no inherit",
       x.indnullsnotdistinct AS "nulls not distinct", --15+
       k.coninhcount > 0 OR k.conparentid <> 0 AS "inherited",
       CASE WHEN x.indnatts > x.indnkeyatts THEN (SELECT pg_catalog.array_agg(a.attname ORDER BY u.i)
        FROM pg_catalog.unnest(x.indkey::int2[]) WITH ORDINALITY u(n, i)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n
        WHERE u.i > x.indnkeyatts) END AS "include",
       CASE WHEN x.indexrelid IS NOT NULL THEN ic.relname END AS "index",
       CASE WHEN x.indexrelid IS NOT NULL THEN ic.reloptions END AS "options"
FROM pg_catalog.pg_constraint k
LEFT JOIN pg_catalog.pg_class fc ON fc.oid = k.confrelid
LEFT JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_catalog.pg_class ic ON ic.oid = x.indexrelid
WHERE k.conrelid >= 16384 AND k.contype IN ('p', 'u', 'f', 'c', 'x', 'n')
  AND NOT (k.contype = 'f' AND k.conparentid <> 0 AND EXISTS (SELECT 1 FROM pg_catalog.pg_constraint p
           WHERE p.oid = k.conparentid AND p.conrelid = k.conrelid)) -- the parts of a key to a partitioned table
ORDER BY k.conrelid, k.oid

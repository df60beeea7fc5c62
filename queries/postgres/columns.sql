-- Columns of tables, views and materialized views, in order. Which relations count is known from
-- the queries before this one.
SELECT a.attrelid AS "table", a.attnum AS "sub", a.attname AS "name", a.attacl::text[] AS "acl",
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS "type",
       CASE WHEN a.attcollation <> t.typcollation THEN
         (SELECT CASE WHEN cn.nspname = 'pg_catalog' THEN '' ELSE cn.nspname || '.' END || co.collname
          FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
          WHERE co.oid = a.attcollation) END AS "collation",
       a.attnotnull AS "not null",
       CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END AS "default",
       CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END AS "identity",
       CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END AS "generated",
       CASE WHEN a.attgenerated <> '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END
         AS "generation expression",
       CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage WHEN 'p' THEN 'plain'
         WHEN 'e' THEN 'external' WHEN 'x' THEN 'extended' ELSE 'main' END END AS "storage",
       CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END AS "compression", --14+
       CASE WHEN a.attstattarget >= 0 THEN a.attstattarget::text END AS "statistics target",
       COALESCE(a.attoptions, '{}') || COALESCE(a.attfdwoptions, '{}') AS "options",
       a.attinhcount > 0 AS "inherited",
       CASE WHEN a.attislocal AND a.attinhcount > 0 THEN ARRAY['yes'] END AS "own",
       q.names AS "sequence"
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
  AND c.relpersistence <> 't' AND c.oid >= 16384
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef
LEFT JOIN (SELECT w.refobjid, w.refobjsubid, pg_catalog.array_agg(sn.nspname || '.' || sc.relname) AS names
           FROM pg_catalog.pg_depend w JOIN pg_catalog.pg_class sc ON sc.oid = w.objid AND sc.relkind = 'S'
           JOIN pg_catalog.pg_namespace sn ON sn.oid = sc.relnamespace
           WHERE w.classid = 'pg_catalog.pg_class'::regclass AND w.refobjsubid > 0
             AND w.refclassid = 'pg_catalog.pg_class'::regclass AND w.deptype IN ('a', 'i')
           GROUP BY w.refobjid, w.refobjsubid) q ON q.refobjid = a.attrelid AND q.refobjsubid = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum

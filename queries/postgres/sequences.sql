SELECT c.oid AS "oid", n.nspname AS "schema", c.relname AS "name",
       pg_catalog.pg_get_userbyid(c.relowner) AS "owner", c.relacl::text[] AS "acl",
       pg_catalog.format_type(s.seqtypid, NULL) AS "type", s.seqstart AS "start",
       s.seqincrement AS "increment", s.seqmin AS "minimum", s.seqmax AS "maximum",
       s.seqcache AS "cache", s.seqcycle AS "cycle",
       CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'permanent' END AS "persistence",
       o.owned AS "owned by"
FROM pg_catalog.pg_sequence s
JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN (SELECT w.objid, tn.nspname || '.' || t.relname || '.' || a.attname AS owned
           FROM pg_catalog.pg_depend w
           JOIN pg_catalog.pg_class t ON t.oid = w.refobjid
           JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
           JOIN pg_catalog.pg_attribute a ON a.attrelid = w.refobjid AND a.attnum = w.refobjsubid
           WHERE w.classid = 'pg_catalog.pg_class'::regclass AND w.deptype IN ('a', 'i')
             AND w.refclassid = 'pg_catalog.pg_class'::regclass AND w.refobjsubid > 0) o ON o.objid = c.oid
WHERE c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'belay', 'belay_archive')
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.deptype = 'e'
                  AND e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid)
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"

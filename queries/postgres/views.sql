-- Views and materialized views, and what they read: schema.table and schema.table.column.
SELECT CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END AS "object type",
       c.oid AS "oid", n.nspname AS "schema", c.relname AS "name",
       pg_catalog.pg_get_userbyid(c.relowner) AS "owner", c.relacl::text[] AS "acl",
       pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid), ';') AS "query",
       (SELECT pg_catalog.array_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS "columns",
       (SELECT pg_catalog.array_agg(o) FROM pg_catalog.unnest(c.reloptions) o
        WHERE o !~ '^check_option=') AS "options",
       (SELECT pg_catalog.substr(o, 14) FROM pg_catalog.unnest(c.reloptions) o
        WHERE o ~ '^check_option=') AS "check option",
       c.relkind = 'm' AND NOT c.relispopulated AS "not populated",
       am.amname AS "access method", ts.spcname AS "tablespace",
       (SELECT pg_catalog.array_agg(DISTINCT rn.nspname || '.' || rc.relname || COALESCE('.' || ra.attname, ''))
        FROM pg_catalog.pg_rewrite w
        JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
          AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> c.oid
        JOIN pg_catalog.pg_class rc ON rc.oid = d.refobjid
        JOIN pg_catalog.pg_namespace rn ON rn.oid = rc.relnamespace
        LEFT JOIN pg_catalog.pg_attribute ra ON ra.attrelid = d.refobjid AND ra.attnum = d.refobjsubid
          AND d.refobjsubid > 0
        WHERE w.ev_class = c.oid) AS "reads"
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
LEFT JOIN pg_catalog.pg_tablespace ts ON ts.oid = c.reltablespace
WHERE c.relkind IN ('v', 'm') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'belay', 'belay_archive')
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.deptype = 'e'
                  AND e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid)
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"

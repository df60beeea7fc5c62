-- Publications with their tables; "schema.*" is a whole schema, "*" everything.
SELECT p.oid AS "oid", p.pubname AS "name", pg_catalog.pg_get_userbyid(p.pubowner) AS "owner",
       CASE WHEN p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate THEN '{}' ELSE
         ARRAY['publish=' || pg_catalog.concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END,
           CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END,
           CASE WHEN p.pubtruncate THEN 'truncate' END)] END
         || CASE WHEN p.pubviaroot THEN ARRAY['publish_via_partition_root=true'] ELSE '{}' END --13+
         AS "options",
       (SELECT pg_catalog.string_agg(n.nspname || '.' || c.relname --15+
          || COALESCE(' (' || (SELECT pg_catalog.string_agg(a.attname, ', ' ORDER BY a.attnum) --15+
               FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid --15+
                 AND a.attnum = ANY (r.prattrs::int2[])) || ')', '') --15+
          || COALESCE(' WHERE ' || pg_catalog.pg_get_expr(r.prqual, r.prrelid), ''), ', ' --15+
          ORDER BY n.nspname, c.relname) --15+
        FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_class c ON c.oid = r.prrelid --15+
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace --15+
        WHERE r.prpubid = p.oid AND (r.prqual IS NOT NULL OR r.prattrs IS NOT NULL)) AS "definition", --15+
       CASE WHEN p.puballtables THEN ARRAY['*'] ELSE '{}' END
         || (SELECT pg_catalog.array_agg(n.nspname || '.' || c.relname ORDER BY 1) FROM pg_catalog.pg_publication_rel r
             JOIN pg_catalog.pg_class c ON c.oid = r.prrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE r.prpubid = p.oid)
         || (SELECT pg_catalog.array_agg(n.nspname || '.*' ORDER BY 1) FROM pg_catalog.pg_publication_namespace s --15+
             JOIN pg_catalog.pg_namespace n ON n.oid = s.pnnspid WHERE s.pnpubid = p.oid) --15+
         AS "members"
FROM pg_catalog.pg_publication p
WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.deptype = 'e'
                  AND e.classid = 'pg_catalog.pg_publication'::regclass AND e.objid = p.oid)
ORDER BY p.pubname COLLATE "C"

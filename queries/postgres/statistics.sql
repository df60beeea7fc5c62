SELECT s.oid AS "oid", n.nspname AS "schema", s.stxname AS "name",
       pg_catalog.pg_get_userbyid(s.stxowner) AS "owner",
       (SELECT pg_catalog.array_agg(CASE k WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies'
          WHEN 'm' THEN 'mcv' END) FROM pg_catalog.unnest(s.stxkind) k WHERE k <> 'e') AS "options",
       (SELECT pg_catalog.array_agg(a.attname ORDER BY u.i)
        FROM pg_catalog.unnest(s.stxkeys::int2[]) WITH ORDINALITY u(n, i)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = s.stxrelid AND a.attnum = u.n)
         || pg_catalog.pg_get_statisticsobjdef_expressions(s.oid) --14+
         AS "members",
       tn.nspname || '.' || t.relname AS "definition"
FROM pg_catalog.pg_statistic_ext s
JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace
JOIN pg_catalog.pg_class t ON t.oid = s.stxrelid
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'belay', 'belay_archive')
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.deptype = 'e'
                  AND e.classid = 'pg_catalog.pg_statistic_ext'::regclass AND e.objid = s.oid)
ORDER BY n.nspname COLLATE "C", s.stxname COLLATE "C"

-- Enums, stand-alone composites, domains, ranges and base types.
SELECT t.oid AS "oid", n.nspname AS "schema", t.typname AS "name",
       pg_catalog.pg_get_userbyid(t.typowner) AS "owner", t.typacl::text[] AS "acl",
       CASE WHEN NOT t.typisdefined THEN 'shell' ELSE CASE t.typtype WHEN 'e' THEN 'enum'
         WHEN 'c' THEN 'composite' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range' ELSE 'base' END END AS "kind",
       CASE WHEN t.typtype = 'e' THEN (SELECT pg_catalog.array_agg(e.enumlabel ORDER BY e.enumsortorder)
         FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid) END AS "labels",
       CASE WHEN t.typtype = 'c' THEN (SELECT pg_catalog.array_agg(pg_catalog.quote_ident(a.attname) || ' '
           || pg_catalog.format_type(a.atttypid, a.atttypmod)
           || CASE WHEN a.attcollation <> at.typcollation THEN (SELECT ' COLLATE ' || CASE WHEN
                cn.nspname = 'pg_catalog' THEN '' ELSE pg_catalog.quote_ident(cn.nspname) || '.' END
                || pg_catalog.quote_ident(co.collname)
                FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
                WHERE co.oid = a.attcollation) ELSE '' END ORDER BY a.attnum)
         FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type at ON at.oid = a.atttypid
         WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END AS "attributes",
       CASE t.typtype WHEN 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod)
         WHEN 'r' THEN pg_catalog.format_type(r.rngsubtype, NULL) END AS "base type",
       t.typnotnull AS "not null",
       CASE WHEN t.typtype = 'd' THEN COALESCE(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault) END
         AS "default",
       CASE WHEN t.typtype = 'd' AND t.typcollation <> bt.typcollation THEN
         (SELECT CASE WHEN cn.nspname = 'pg_catalog' THEN '' ELSE cn.nspname || '.' END || co.collname
          FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
          WHERE co.oid = t.typcollation) END AS "collation",
       CASE WHEN t.typtype = 'd' THEN (SELECT pg_catalog.array_agg(k.conname || ': '
           || pg_catalog.pg_get_expr(k.conbin, 0) || CASE WHEN k.convalidated THEN '' ELSE ' NOT VALID' END)
         FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c') END AS "checks",
       CASE WHEN t.typtype = 'r' THEN '(subtype = ' || pg_catalog.format_type(r.rngsubtype, NULL)
           || CASE WHEN oc.opcdefault THEN '' ELSE ', subtype_opclass = ' || pg_catalog.quote_ident(oc.opcname) END
           || CASE WHEN r.rngcollation <> COALESCE(st.typcollation, 0) THEN ', collation = '
                || (SELECT pg_catalog.quote_ident(co.collname) FROM pg_catalog.pg_collation co
                    WHERE co.oid = r.rngcollation) ELSE '' END
           || CASE WHEN r.rngcanonical = 0 THEN '' ELSE ', canonical = ' || r.rngcanonical::regproc::text END
           || CASE WHEN r.rngsubdiff = 0 THEN '' ELSE ', subtype_diff = ' || r.rngsubdiff::regproc::text END
           || ')'
         WHEN t.typtype = 'b' THEN '(input = ' || t.typinput::regproc::text || ', output = '
           || t.typoutput::regproc::text || ', internallength = ' || CASE WHEN t.typlen < 0 THEN 'variable'
              ELSE t.typlen::text END || ', alignment = ' || t.typalign::text || ', storage = ' || t.typstorage::text
           || ', category = ' || pg_catalog.quote_literal(t.typcategory::text) || ')' END AS "definition"
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
LEFT JOIN pg_catalog.pg_opclass oc ON oc.oid = r.rngsubopc
LEFT JOIN pg_catalog.pg_type st ON st.oid = r.rngsubtype
LEFT JOIN pg_catalog.pg_type bt ON bt.oid = t.typbasetype
LEFT JOIN pg_catalog.pg_class tc ON tc.oid = t.typrelid
WHERE t.oid >= 16384 AND (t.typtype IN ('e', 'd', 'r', 'b') OR (t.typtype = 'p' AND NOT t.typisdefined)
       OR (t.typtype = 'c' AND tc.relkind = 'c'))
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_type el WHERE el.typarray = t.oid)
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'belay', 'belay_archive')
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.deptype = 'e'
                  AND e.classid = 'pg_catalog.pg_type'::regclass AND e.objid = t.oid)
ORDER BY n.nspname COLLATE "C", t.typname COLLATE "C"

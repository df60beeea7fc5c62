-- Functions, procedures and aggregates; the name says the argument types.
SELECT p.oid AS "oid", n.nspname AS "schema",
       p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')' AS "name",
       pg_catalog.pg_get_userbyid(p.proowner) AS "owner", p.proacl::text[] AS "acl",
       CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' WHEN 'w' THEN 'window'
         ELSE 'function' END AS "kind",
       CASE p.prokind WHEN 'a' THEN NULL WHEN 'p' THEN pg_catalog.regexp_replace( -- since 14 it says IN here
         pg_catalog.pg_get_function_arguments(p.oid), '(^|, )IN ', '\1', 'g')
         ELSE pg_catalog.pg_get_function_arguments(p.oid) END AS "arguments",
       CASE WHEN p.prokind <> 'a' THEN pg_catalog.pg_get_function_result(p.oid) END AS "returns",
       CASE WHEN p.prokind <> 'a' THEN l.lanname END AS "language",
       CASE WHEN p.prokind IN ('f', 'w') THEN CASE p.provolatile WHEN 'i' THEN 'immutable'
         WHEN 's' THEN 'stable' ELSE 'volatile' END END AS "volatility",
       p.proisstrict AS "strict", p.prosecdef AS "security definer", p.proleakproof AS "leakproof",
       CASE WHEN p.prokind <> 'p' THEN CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted'
         ELSE 'unsafe' END END AS "parallel",
       CASE WHEN p.prokind <> 'a' THEN p.procost END AS "cost",
       CASE WHEN p.proretset THEN p.prorows END AS "rows", p.proconfig AS "settings",
       CASE WHEN p.prokind = 'a' THEN (SELECT '(sfunc = ' || a.aggtransfn::regproc::text || ', stype = '
            || pg_catalog.format_type(a.aggtranstype, NULL)
            || CASE WHEN a.aggfinalfn = 0 THEN '' ELSE ', finalfunc = ' || a.aggfinalfn::regproc::text END
            || CASE WHEN a.aggcombinefn = 0 THEN '' ELSE ', combinefunc = ' || a.aggcombinefn::regproc::text END
            || COALESCE(', initcond = ' || pg_catalog.quote_literal(a.agginitval), '')
            || CASE WHEN a.aggsortop = 0 THEN '' ELSE ', sortop = ' || a.aggsortop::regoper::text END || ')'
            FROM pg_catalog.pg_aggregate a WHERE a.aggfnoid = p.oid)
         WHEN l.lanname = 'c' THEN COALESCE(p.probin, '') || ', ' || p.prosrc
         WHEN p.prosqlbody IS NOT NULL THEN pg_catalog.pg_get_function_sqlbody(p.oid) --14+
         ELSE p.prosrc END AS "body"
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE p.oid >= 16384
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'belay', 'belay_archive')
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.deptype IN ('e', 'i') -- i: a range's own
                  AND e.classid = 'pg_catalog.pg_proc'::regclass AND e.objid = p.oid)
ORDER BY n.nspname COLLATE "C", p.proname COLLATE "C", pg_catalog.oidvectortypes(p.proargtypes) COLLATE "C"

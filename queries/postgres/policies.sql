SELECT p.polrelid AS "table", p.oid AS "oid", p.polname AS "name",
       NOT p.polpermissive AS "restrictive",
       CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update'
         WHEN 'd' THEN 'delete' ELSE 'all' END AS "command",
       (SELECT pg_catalog.array_agg(CASE WHEN r = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(r)::text END)
        FROM pg_catalog.unnest(p.polroles) r) AS "roles",
       pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS "using",
       pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS "with check"
FROM pg_catalog.pg_policy p
ORDER BY p.polrelid, p.polname COLLATE "C"

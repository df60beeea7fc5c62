-- Schemas of people; public too, though the server made it.
SELECT n.oid AS "oid", n.nspname AS "name", pg_catalog.pg_get_userbyid(n.nspowner) AS "owner",
       CASE WHEN n.nspacl IS DISTINCT FROM i.initprivs THEN n.nspacl::text[] END AS "acl"
FROM pg_catalog.pg_namespace n
LEFT JOIN pg_catalog.pg_init_privs i ON i.classoid = 'pg_catalog.pg_namespace'::regclass
  AND i.objoid = n.oid AND i.objsubid = 0
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'belay', 'belay_archive')
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.deptype = 'e'
                  AND e.classid = 'pg_catalog.pg_namespace'::regclass AND e.objid = n.oid)
ORDER BY n.nspname COLLATE "C"

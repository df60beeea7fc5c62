-- Schemas of people; public too, though the server made it.
SELECT n.oid AS "oid", n.nspname AS "name", pg_catalog.pg_get_userbyid(n.nspowner) AS "owner",
       n.nspacl::text[] AS "acl"
FROM pg_catalog.pg_namespace n
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'belay')
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.deptype = 'e'
                  AND e.classid = 'pg_catalog.pg_namespace'::regclass AND e.objid = n.oid)
ORDER BY n.nspname COLLATE "C"

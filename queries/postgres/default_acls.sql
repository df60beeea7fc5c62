-- ALTER DEFAULT PRIVILEGES: one object per role, schema and kind of object.
SELECT d.oid AS "oid", n.nspname AS "schema",
       CASE d.defaclobjtype WHEN 'r' THEN 'table' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'function'
         WHEN 'T' THEN 'type' WHEN 'n' THEN 'schema' ELSE 'large object' END AS "name",
       pg_catalog.pg_get_userbyid(d.defaclrole) AS "owner", d.defaclacl::text[] AS "acl"
FROM pg_catalog.pg_default_acl d
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
WHERE n.nspname IS DISTINCT FROM 'belay' AND n.nspname IS DISTINCT FROM 'belay_archive'
ORDER BY d.defaclobjtype, n.nspname COLLATE "C", d.defaclrole

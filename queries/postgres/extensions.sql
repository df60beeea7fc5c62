SELECT x.oid AS "oid", n.nspname AS "schema", x.extname AS "name",
       pg_catalog.pg_get_userbyid(x.extowner) AS "owner", x.extversion AS "version"
FROM pg_catalog.pg_extension x
JOIN pg_catalog.pg_namespace n ON n.oid = x.extnamespace
WHERE x.extname <> 'plpgsql'
ORDER BY x.extname COLLATE "C"

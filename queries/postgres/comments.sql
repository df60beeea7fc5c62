-- Comments of all objects, by catalog, number and column.
SELECT d.classoid::regclass::text AS "class", d.objoid AS "oid", d.objsubid AS "sub",
       d.description AS "comment"
FROM pg_catalog.pg_description d
WHERE (d.objoid >= 16384 OR d.classoid = 'pg_catalog.pg_namespace'::regclass)
  AND d.description <> 'standard public schema'
  AND NOT (d.classoid = 'pg_catalog.pg_extension'::regclass AND EXISTS -- what its author says of it
    (SELECT 1 FROM pg_catalog.pg_available_extensions v JOIN pg_catalog.pg_extension x ON x.extname = v.name
     WHERE x.oid = d.objoid AND v.comment = d.description))

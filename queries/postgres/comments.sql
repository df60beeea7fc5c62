-- Comments of all objects, by catalog, number and column.
SELECT d.classoid::regclass::text AS "class", d.objoid AS "oid", d.objsubid AS "sub",
       d.description AS "comment"
FROM pg_catalog.pg_description d
WHERE d.objoid >= 16384 OR d.classoid = 'pg_catalog.pg_namespace'::regclass

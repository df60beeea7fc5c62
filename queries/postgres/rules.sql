-- Rules of people, not those that make a view a view.
SELECT r.ev_class AS "table", r.oid AS "oid", r.rulename AS "name",
       CASE r.ev_enabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always'
         ELSE 'origin' END AS "enabled",
       pg_catalog.rtrim(pg_catalog.ltrim(pg_catalog.regexp_replace(pg_catalog.pg_get_ruledef(r.oid),
         '^CREATE RULE .*? AS\s', ''), E' \n'), ';') AS "definition"
FROM pg_catalog.pg_rewrite r
WHERE r.rulename <> '_RETURN' AND r.ev_class >= 16384
ORDER BY r.ev_class, r.oid

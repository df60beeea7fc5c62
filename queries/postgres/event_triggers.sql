SELECT t.oid AS "oid", t.evtname AS "name", pg_catalog.pg_get_userbyid(t.evtowner) AS "owner",
       ARRAY[t.evtevent::text] AS "members",
       CASE WHEN t.evttags IS NOT NULL THEN ARRAY['tag=' || pg_catalog.array_to_string(t.evttags, ', ')] END
         AS "options",
       CASE t.evtenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always'
         ELSE 'origin' END AS "enabled",
       n.nspname || '.' || p.proname AS "definition"
FROM pg_catalog.pg_event_trigger t
JOIN pg_catalog.pg_proc p ON p.oid = t.evtfoid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.deptype = 'e'
                  AND e.classid = 'pg_catalog.pg_event_trigger'::regclass AND e.objid = t.oid)
ORDER BY t.evtname COLLATE "C"

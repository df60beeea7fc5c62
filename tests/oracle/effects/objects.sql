-- Everything of people that there is: a key, what it is, its name, and the keys of what it goes
-- with (a part of a table, of an owner, of an extension). No row of it: a part that nobody names.
WITH ns AS (
  SELECT oid, nspname FROM pg_catalog.pg_namespace
   WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), owned AS (
  SELECT classid::regclass::text || objid AS key,
         array_agg(refclassid::regclass::text || refobjid
                   || CASE WHEN refobjsubid > 0 THEN '.' || refobjsubid ELSE '' END)
         || array_agg(refclassid::regclass::text || refobjid) AS with_
    FROM pg_catalog.pg_depend
   WHERE deptype = 'e' OR (classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass
                           AND deptype IN ('a', 'i', 'P', 'S')
                           AND EXISTS (SELECT FROM pg_catalog.pg_class s WHERE s.oid = objid AND s.relkind = 'S'))
   GROUP BY 1
), things AS (
  SELECT 'pg_class' || c.oid AS key,
         CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
              WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' WHEN 'c' THEN 'type' ELSE 'table' END AS type,
         nspname AS schema, relname::text AS name, '' AS part,
         ARRAY[coalesce('pg_class' || i.indrelid, ''),
               coalesce((SELECT 'pg_constraint' || k.oid FROM pg_catalog.pg_constraint k
                          WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x') LIMIT 1), ''),
               coalesce((SELECT 'pg_class' || h.inhparent FROM pg_catalog.pg_inherits h
                          WHERE h.inhrelid = c.oid AND c.relkind IN ('i', 'I')), '')] AS with_
    FROM pg_catalog.pg_class c JOIN ns ON ns.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
   WHERE c.relpersistence <> 't'
  UNION ALL
  SELECT 'pg_class' || a.attrelid || '.' || a.attnum, 'column', nspname, c.relname, a.attname,
         ARRAY['pg_class' || a.attrelid]
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN ns ON ns.oid = c.relnamespace
   WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
  UNION ALL
  SELECT 'pg_constraint' || k.oid, 'constraint', nspname, c.relname, k.conname,
         ARRAY['pg_class' || k.conrelid, 'pg_constraint' || k.conparentid]
    FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
    JOIN ns ON ns.oid = c.relnamespace
   WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND c.relpersistence <> 't'
     -- one of the rows behind a key that refers to a partitioned table
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint whole
                      WHERE whole.oid = k.conparentid AND whole.conrelid = k.conrelid)
  UNION ALL
  SELECT 'pg_type' || t.oid, CASE t.typtype WHEN 'd' THEN 'type' ELSE 'type' END, nspname, t.typname, '', '{}'
    FROM pg_catalog.pg_type t JOIN ns ON ns.oid = t.typnamespace
   WHERE t.typtype IN ('e', 'd', 'r')
  UNION ALL
  SELECT 'pg_constraint' || k.oid, 'constraint', nspname, t.typname, k.conname, ARRAY['pg_type' || t.oid]
    FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_type t ON t.oid = k.contypid
    JOIN ns ON ns.oid = t.typnamespace
   WHERE k.contype = 'c'
  UNION ALL
  SELECT 'pg_proc' || p.oid, 'function', nspname,
         p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')', '',
         ARRAY[coalesce((SELECT 'pg_type' || d.refobjid FROM pg_catalog.pg_depend d
           WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i' LIMIT 1), '')]
    FROM pg_catalog.pg_proc p JOIN ns ON ns.oid = p.pronamespace
  UNION ALL
  SELECT 'pg_trigger' || g.oid, 'trigger', nspname, c.relname, g.tgname, ARRAY['pg_class' || g.tgrelid]
    FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
    JOIN ns ON ns.oid = c.relnamespace
   WHERE NOT g.tgisinternal
  UNION ALL
  SELECT 'pg_policy' || p.oid, 'policy', nspname, c.relname, p.polname, ARRAY['pg_class' || p.polrelid]
    FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
    JOIN ns ON ns.oid = c.relnamespace
  UNION ALL
  SELECT 'pg_rewrite' || r.oid, 'rule', nspname, c.relname, r.rulename, ARRAY['pg_class' || r.ev_class]
    FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
    JOIN ns ON ns.oid = c.relnamespace
   WHERE r.rulename <> '_RETURN'
  UNION ALL
  SELECT 'pg_statistic_ext' || s.oid, 'statistics object', nspname, s.stxname, '', ARRAY['pg_class' || s.stxrelid]
    FROM pg_catalog.pg_statistic_ext s JOIN ns ON ns.oid = s.stxnamespace
  UNION ALL
  SELECT 'pg_operator' || o.oid, 'object', nspname,
         oprname || '(' || CASE WHEN oprleft = 0 THEN 'NONE' ELSE format_type(oprleft, NULL) END || ', '
         || CASE WHEN oprright = 0 THEN 'NONE' ELSE format_type(oprright, NULL) END || ')', '', '{}'
    FROM pg_catalog.pg_operator o JOIN ns ON ns.oid = oprnamespace
  UNION ALL
  SELECT 'pg_cast' || c.oid, 'object', '', format_type(castsource, NULL) || ' as ' || format_type(casttarget, NULL), '', '{}'
    FROM pg_catalog.pg_cast c WHERE c.oid >= 16384
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid
                      AND d.deptype = 'i')
  UNION ALL
  SELECT 'pg_collation' || c.oid, 'object', nspname, collname, '', '{}'
    FROM pg_catalog.pg_collation c JOIN ns ON ns.oid = collnamespace
  UNION ALL
  SELECT 'pg_ts_config' || c.oid, 'object', nspname, cfgname, '', '{}'
    FROM pg_catalog.pg_ts_config c JOIN ns ON ns.oid = cfgnamespace
  UNION ALL
  SELECT 'pg_ts_dict' || c.oid, 'object', nspname, dictname, '', '{}'
    FROM pg_catalog.pg_ts_dict c JOIN ns ON ns.oid = dictnamespace
  UNION ALL
  SELECT 'pg_namespace' || oid, 'schema', '', nspname, '', '{}' FROM ns
  UNION ALL
  SELECT 'pg_extension' || oid, 'extension', '', extname, '', '{}' FROM pg_catalog.pg_extension
  UNION ALL
  SELECT 'pg_publication' || oid, 'publication', '', pubname, '', '{}' FROM pg_catalog.pg_publication
)
SELECT key, type, schema, name, part, array_to_string(things.with_ || coalesce(owned.with_, '{}'), ' ')
  FROM things LEFT JOIN owned USING (key)
 ORDER BY key

-- The schema as text, without OIDs and files: the same before and after means that nothing changed.
WITH ns AS (
  SELECT oid, nspname FROM pg_catalog.pg_namespace
   WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), lines AS (
  SELECT concat_ws('|', 'schema', nspname, n.nspowner, n.nspacl) AS line FROM ns JOIN pg_catalog.pg_namespace n USING (oid, nspname)
  UNION ALL
  SELECT concat_ws('|', 'class', c.oid::regclass, relkind, relpersistence, relowner, relacl, reloptions, relrowsecurity,
                   relforcerowsecurity, relreplident, relam, reltablespace, relispopulated, reloftype, relispartition,
                   CASE WHEN relispartition THEN pg_get_expr(relpartbound, c.oid) END,
                   CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
                   CASE WHEN relkind = 'p' THEN pg_get_partkeydef(c.oid) END, obj_description(c.oid, 'pg_class'),
                   (SELECT string_agg(inhparent::regclass::text, ',' ORDER BY inhseqno) FROM pg_catalog.pg_inherits WHERE inhrelid = c.oid))
    FROM pg_catalog.pg_class c JOIN ns ON ns.oid = relnamespace
  UNION ALL
  SELECT concat_ws('|', 'column', c.oid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
                   attgenerated, attstorage, attstattarget, attacl, attoptions, attinhcount, attislocal, attcollation,
                   regexp_replace(pg_get_expr(adbin, adrelid), '[() ]|::[a-z ]+(\[\])?', '', 'g'), col_description(c.oid, attnum), to_jsonb(a) -> 'attcompression')
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = attrelid JOIN ns ON ns.oid = relnamespace
    LEFT JOIN pg_catalog.pg_attrdef ON adrelid = attrelid AND adnum = attnum
   WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p', 'v', 'm', 'c', 'f')
  UNION ALL
  SELECT concat_ws('|', 'constraint', conrelid::regclass, contypid::regtype, conname,
                   -- read and printed once more, a condition may have brackets and casts elsewhere
                   regexp_replace(pg_get_constraintdef(k.oid), '[() ]|::[a-z ]+(\[\])?', '', 'g'), convalidated,
                   condeferrable, condeferred, connoinherit, obj_description(k.oid, 'pg_constraint'))
    FROM pg_catalog.pg_constraint k JOIN ns ON ns.oid = connamespace
  UNION ALL
  SELECT concat_ws('|', 'index', regexp_replace(pg_get_indexdef(indexrelid), '[() ]|::[a-z ]+(\[\])?', '', 'g'), indisvalid, indisclustered, indisreplident, indisunique, indisprimary,
                   obj_description(indexrelid, 'pg_class'))
    FROM pg_catalog.pg_index JOIN pg_catalog.pg_class c ON c.oid = indexrelid JOIN ns ON ns.oid = relnamespace
  UNION ALL
  SELECT concat_ws('|', 'sequence', seqrelid::regclass, seqtypid, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle,
                   (SELECT string_agg(refobjid::regclass || '.' || refobjsubid, ',') FROM pg_catalog.pg_depend
                     WHERE classid = 'pg_class'::regclass AND objid = seqrelid AND deptype IN ('a', 'i')
                       AND refclassid = 'pg_class'::regclass))
    FROM pg_catalog.pg_sequence JOIN pg_catalog.pg_class c ON c.oid = seqrelid JOIN ns ON ns.oid = relnamespace
  UNION ALL
  SELECT concat_ws('|', 'type', t.oid::regtype, typtype, typowner, typacl, typnotnull, typdefault, format_type(typbasetype, typtypmod),
                   (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_catalog.pg_enum WHERE enumtypid = t.oid),
                   obj_description(t.oid, 'pg_type'))
    FROM pg_catalog.pg_type t JOIN ns ON ns.oid = typnamespace
  UNION ALL
  SELECT concat_ws('|', 'function', p.oid::regprocedure, prokind, proowner, proacl, prolang, provolatile, proisstrict, prosecdef,
                   prosrc, proconfig, prorettype::regtype, proargnames, obj_description(p.oid, 'pg_proc'))
    FROM pg_catalog.pg_proc p JOIN ns ON ns.oid = pronamespace
  UNION ALL
  SELECT concat_ws('|', 'trigger', pg_get_triggerdef(g.oid), tgenabled, obj_description(g.oid, 'pg_trigger'))
    FROM pg_catalog.pg_trigger g WHERE NOT tgisinternal
  UNION ALL
  SELECT concat_ws('|', 'policy', polrelid::regclass, polname, polcmd, polpermissive, polroles,
                   pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) FROM pg_catalog.pg_policy
  UNION ALL
  SELECT concat_ws('|', 'rule', ev_class::regclass, rulename, ev_enabled, pg_get_ruledef(r.oid))
    FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = ev_class JOIN ns ON ns.oid = relnamespace
  UNION ALL
  SELECT concat_ws('|', 'statistics', pg_get_statisticsobjdef(s.oid), stxowner, to_jsonb(s) -> 'stxstattarget')
    FROM pg_catalog.pg_statistic_ext s
  UNION ALL
  SELECT concat_ws('|', 'publication', to_jsonb(p) - 'oid', (SELECT string_agg(prrelid::regclass::text, ',' ORDER BY prrelid)
                   FROM pg_catalog.pg_publication_rel WHERE prpubid = p.oid)) FROM pg_catalog.pg_publication p
  UNION ALL
  SELECT concat_ws('|', 'default acl', to_jsonb(d) - 'oid') FROM pg_catalog.pg_default_acl d
  UNION ALL
  SELECT concat_ws('|', 'extension', extname, extversion) FROM pg_catalog.pg_extension
  UNION ALL
  SELECT concat_ws('|', 'role', to_jsonb(r) - 'oid') FROM pg_catalog.pg_roles r
)
SELECT md5(string_agg(line, E'\n' ORDER BY line)) FROM lines

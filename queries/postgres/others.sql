-- Everything else that has a definition: by class, name and text.
WITH of_extensions AS (SELECT e.classid, e.objid FROM pg_catalog.pg_depend e WHERE e.deptype IN ('e', 'i')),
all_of_them AS (
  SELECT 'collation' AS class, 'pg_catalog.pg_collation'::regclass AS catalog, c.oid, c.collnamespace AS ns,
         c.collname::text AS name, c.collowner AS owner, NULL::aclitem[] AS acl,
         pg_catalog.array_remove(ARRAY[CASE c.collprovider WHEN 'i' THEN 'provider=icu' WHEN 'b' THEN 'provider=builtin' END,
           CASE WHEN c.collcollate = c.collctype THEN 'locale=' || c.collcollate END,
           CASE WHEN c.collcollate <> c.collctype THEN 'lc_collate=' || c.collcollate END,
           CASE WHEN c.collcollate <> c.collctype THEN 'lc_ctype=' || c.collctype END,
           'locale=' || c.colllocale, --17+
--<17@15           'locale=' || c.colliculocale,
           CASE WHEN NOT c.collisdeterministic THEN 'deterministic=false' END], NULL) AS options,
         '(provider = ' || CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc' WHEN 'b' THEN 'builtin'
           ELSE 'default' END
         || COALESCE(', lc_collate = ' || pg_catalog.quote_literal(c.collcollate), '')
         || COALESCE(', lc_ctype = ' || pg_catalog.quote_literal(c.collctype), '')
         || COALESCE(', locale = ' || pg_catalog.quote_literal(c.colllocale), '') --17+
--<17@15         || COALESCE(', locale = ' || pg_catalog.quote_literal(c.colliculocale), '')
         || CASE WHEN c.collisdeterministic THEN '' ELSE ', deterministic = false' END || ')' AS definition
  FROM pg_catalog.pg_collation c
  UNION ALL
  SELECT 'operator', 'pg_catalog.pg_operator'::regclass, o.oid, o.oprnamespace,
         o.oprname || '(' || CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE pg_catalog.format_type(o.oprleft, NULL) END
           || ', ' || CASE WHEN o.oprright = 0 THEN 'NONE' ELSE pg_catalog.format_type(o.oprright, NULL) END || ')',
         o.oprowner, NULL, pg_catalog.array_remove(ARRAY[
           CASE WHEN o.oprleft <> 0 THEN 'leftarg=' || pg_catalog.format_type(o.oprleft, NULL) END,
           CASE WHEN o.oprright <> 0 THEN 'rightarg=' || pg_catalog.format_type(o.oprright, NULL) END,
           'function=' || o.oprcode::regproc::text,
           CASE WHEN o.oprcom <> 0 THEN 'commutator=' || o.oprcom::regoper::text END,
           CASE WHEN o.oprnegate <> 0 THEN 'negator=' || o.oprnegate::regoper::text END,
           CASE WHEN o.oprrest <> 0 THEN 'restrict=' || o.oprrest::regproc::text END,
           CASE WHEN o.oprjoin <> 0 THEN 'join=' || o.oprjoin::regproc::text END,
           CASE WHEN o.oprcanhash THEN 'hashes=true' END, CASE WHEN o.oprcanmerge THEN 'merges=true' END], NULL),
         '(function = ' || o.oprcode::regproc::text
         || CASE WHEN o.oprcom = 0 THEN '' ELSE ', commutator = ' || o.oprcom::regoper::text END
         || CASE WHEN o.oprnegate = 0 THEN '' ELSE ', negator = ' || o.oprnegate::regoper::text END
         || CASE WHEN o.oprrest = 0 THEN '' ELSE ', restrict = ' || o.oprrest::regproc::text END
         || CASE WHEN o.oprjoin = 0 THEN '' ELSE ', join = ' || o.oprjoin::regproc::text END
         || CASE WHEN o.oprcanhash THEN ', hashes' ELSE '' END
         || CASE WHEN o.oprcanmerge THEN ', merges' ELSE '' END || ')'
  FROM pg_catalog.pg_operator o
  UNION ALL
  SELECT 'operator class', 'pg_catalog.pg_opclass'::regclass, o.oid, o.opcnamespace, o.opcname::text, o.opcowner,
         NULL, ARRAY['using=' || am.amname], CASE WHEN o.opcdefault THEN 'DEFAULT ' ELSE '' END || 'FOR TYPE '
         || pg_catalog.format_type(o.opcintype, NULL) || ' USING ' || am.amname || ' FAMILY '
         || pg_catalog.quote_ident(f.opfname) || ' AS '
         || COALESCE((SELECT pg_catalog.string_agg('OPERATOR ' || a.amopstrategy || ' ' || a.amopopr::regoperator::text,
              ', ' ORDER BY a.amopstrategy) FROM pg_catalog.pg_amop a WHERE a.amopfamily = o.opcfamily
              AND a.amoplefttype = o.opcintype AND a.amoprighttype = o.opcintype), '')
         || COALESCE((SELECT pg_catalog.string_agg(', FUNCTION ' || a.amprocnum || ' ' || a.amproc::regprocedure::text,
              '' ORDER BY a.amprocnum) FROM pg_catalog.pg_amproc a WHERE a.amprocfamily = o.opcfamily
              AND a.amproclefttype = o.opcintype AND a.amprocrighttype = o.opcintype), '')
  FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am am ON am.oid = o.opcmethod
  JOIN pg_catalog.pg_opfamily f ON f.oid = o.opcfamily
  UNION ALL
  SELECT 'operator family', 'pg_catalog.pg_opfamily'::regclass, f.oid, f.opfnamespace, f.opfname::text, f.opfowner,
         NULL, ARRAY['using=' || am.amname], 'USING ' || am.amname
  FROM pg_catalog.pg_opfamily f JOIN pg_catalog.pg_am am ON am.oid = f.opfmethod
  UNION ALL
  SELECT 'cast', 'pg_catalog.pg_cast'::regclass, c.oid, 0, pg_catalog.format_type(c.castsource, NULL) || ' as '
         || pg_catalog.format_type(c.casttarget, NULL), 0, NULL, NULL,
         CASE c.castmethod WHEN 'b' THEN 'WITHOUT FUNCTION' WHEN 'i' THEN 'WITH INOUT'
           ELSE 'WITH FUNCTION ' || c.castfunc::regprocedure::text END
         || CASE c.castcontext WHEN 'i' THEN ' AS IMPLICIT' WHEN 'a' THEN ' AS ASSIGNMENT' ELSE '' END
  FROM pg_catalog.pg_cast c
  UNION ALL
  SELECT 'conversion', 'pg_catalog.pg_conversion'::regclass, c.oid, c.connamespace, c.conname::text, c.conowner,
         NULL, NULL, CASE WHEN c.condefault THEN 'DEFAULT ' ELSE '' END || 'FOR '
         || pg_catalog.quote_literal(pg_catalog.pg_encoding_to_char(c.conforencoding)) || ' TO '
         || pg_catalog.quote_literal(pg_catalog.pg_encoding_to_char(c.contoencoding)) || ' FROM '
         || c.conproc::regproc::text
  FROM pg_catalog.pg_conversion c
  UNION ALL
  SELECT 'text search configuration', 'pg_catalog.pg_ts_config'::regclass, c.oid, c.cfgnamespace, c.cfgname::text,
         c.cfgowner, NULL, NULL, '(parser = ' || pg_catalog.quote_ident(pa.prsname) || ') '
         || COALESCE((SELECT pg_catalog.string_agg(m.maptokentype || ': ' || d.dictname, ', '
              ORDER BY m.maptokentype, m.mapseqno) FROM pg_catalog.pg_ts_config_map m
              JOIN pg_catalog.pg_ts_dict d ON d.oid = m.mapdict WHERE m.mapcfg = c.oid), '')
  FROM pg_catalog.pg_ts_config c JOIN pg_catalog.pg_ts_parser pa ON pa.oid = c.cfgparser
  UNION ALL
  SELECT 'text search dictionary', 'pg_catalog.pg_ts_dict'::regclass, d.oid, d.dictnamespace, d.dictname::text,
         d.dictowner, NULL, NULL, '(template = ' || t.tmplname || COALESCE(', ' || d.dictinitoption, '') || ')'
  FROM pg_catalog.pg_ts_dict d JOIN pg_catalog.pg_ts_template t ON t.oid = d.dicttemplate
  UNION ALL
  SELECT 'text search parser', 'pg_catalog.pg_ts_parser'::regclass, p.oid, p.prsnamespace, p.prsname::text, 0,
         NULL, NULL, '(start = ' || p.prsstart || ', gettoken = ' || p.prstoken || ', end = ' || p.prsend || ')'
  FROM pg_catalog.pg_ts_parser p
  UNION ALL
  SELECT 'text search template', 'pg_catalog.pg_ts_template'::regclass, t.oid, t.tmplnamespace, t.tmplname::text, 0,
         NULL, NULL, '(lexize = ' || t.tmpllexize || ')'
  FROM pg_catalog.pg_ts_template t
  UNION ALL
  SELECT 'foreign data wrapper', 'pg_catalog.pg_foreign_data_wrapper'::regclass, w.oid, 0, w.fdwname::text, w.fdwowner,
         w.fdwacl, w.fdwoptions, CASE WHEN w.fdwhandler = 0 THEN 'NO HANDLER' ELSE 'HANDLER '
         || w.fdwhandler::regproc::text END || CASE WHEN w.fdwvalidator = 0 THEN ' NO VALIDATOR' ELSE ' VALIDATOR '
         || w.fdwvalidator::regproc::text END
  FROM pg_catalog.pg_foreign_data_wrapper w
  UNION ALL
  SELECT 'server', 'pg_catalog.pg_foreign_server'::regclass, s.oid, 0, s.srvname::text, s.srvowner, s.srvacl,
         (SELECT pg_catalog.array_agg(CASE WHEN o ~ '^password=' THEN 'password=***' ELSE o END)
          FROM pg_catalog.unnest(s.srvoptions) o),
         COALESCE('TYPE ' || pg_catalog.quote_literal(s.srvtype) || ' ', '')
         || COALESCE('VERSION ' || pg_catalog.quote_literal(s.srvversion) || ' ', '')
         || 'FOREIGN DATA WRAPPER ' || pg_catalog.quote_ident(w.fdwname)
  FROM pg_catalog.pg_foreign_server s JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw
  UNION ALL
  SELECT 'language', 'pg_catalog.pg_language'::regclass, l.oid, 0, l.lanname::text, l.lanowner, l.lanacl, NULL,
         CASE WHEN l.lanpltrusted THEN 'TRUSTED ' ELSE '' END || 'HANDLER ' || l.lanplcallfoid::regproc::text
  FROM pg_catalog.pg_language l WHERE l.lanispl
  UNION ALL
  SELECT 'access method', 'pg_catalog.pg_am'::regclass, a.oid, 0, a.amname::text, 0, NULL, NULL,
         'TYPE ' || CASE a.amtype WHEN 'i' THEN 'INDEX' ELSE 'TABLE' END || ' HANDLER ' || a.amhandler::text
  FROM pg_catalog.pg_am a
)
SELECT x.oid AS "oid", x.catalog::oid::regclass::text AS "of class", n.nspname AS "schema", x.name AS "name",
       CASE WHEN x.owner <> 0 THEN pg_catalog.pg_get_userbyid(x.owner) END AS "owner",
       x.acl::text[] AS "acl", x.class AS "class", x.options AS "options", x.definition AS "definition"
FROM all_of_them x LEFT JOIN pg_catalog.pg_namespace n ON n.oid = x.ns
WHERE x.oid >= 16384
  AND (x.ns = 0 OR (n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'belay', 'belay_archive')))
  AND NOT EXISTS (SELECT 1 FROM of_extensions e WHERE e.classid = x.catalog AND e.objid = x.oid)
ORDER BY x.class, n.nspname COLLATE "C", x.name COLLATE "C"

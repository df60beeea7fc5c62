-- Plain, partitioned and foreign tables.
SELECT c.oid AS "oid", n.nspname AS "schema", c.relname AS "name",
       pg_catalog.pg_get_userbyid(c.relowner) AS "owner", c.relacl::text[] AS "acl",
       CASE c.relkind WHEN 'p' THEN 'partitioned' WHEN 'f' THEN 'foreign' ELSE 'table' END AS "kind",
       CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'permanent' END AS "persistence",
       CASE WHEN c.relkind = 'f' THEN s.srvname ELSE am.amname END AS "access method",
       ts.spcname AS "tablespace",
       COALESCE(c.reloptions, '{}') || COALESCE(f.ftoptions, '{}')
         || COALESCE((SELECT pg_catalog.array_agg('toast.' || o ORDER BY o)
                      FROM pg_catalog.pg_class t, pg_catalog.unnest(t.reloptions) o
                      WHERE t.oid = c.reltoastrelid AND t.reloptions IS NOT NULL), '{}') AS "options",
       CASE WHEN NOT c.relispartition THEN i.parents END AS "inherits",
       CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END AS "partition key",
       CASE WHEN c.relispartition THEN i.parent END AS "partition of",
       CASE WHEN c.relispartition THEN pg_catalog.pg_get_expr(c.relpartbound, c.oid) END
         AS "partition bound",
       c.relrowsecurity AS "row level security",
       c.relforcerowsecurity AS "force row level security",
       CASE c.relreplident WHEN 'f' THEN 'full' WHEN 'n' THEN 'nothing' WHEN 'i' THEN
         COALESCE((SELECT ic.relname FROM pg_catalog.pg_index ix JOIN pg_catalog.pg_class ic
                   ON ic.oid = ix.indexrelid WHERE ix.indrelid = c.oid AND ix.indisreplident), 'nothing')
         ELSE 'default' END AS "replica identity",
       CASE WHEN c.reloftype <> 0 THEN (SELECT ARRAY[tn.nspname, ty.typname] FROM pg_catalog.pg_type ty
         JOIN pg_catalog.pg_namespace tn ON tn.oid = ty.typnamespace WHERE ty.oid = c.reloftype) END
         AS "of type",
       cl.names AS "clustered on"
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
LEFT JOIN pg_catalog.pg_tablespace ts ON ts.oid = c.reltablespace
LEFT JOIN pg_catalog.pg_foreign_table f ON f.ftrelid = c.oid
LEFT JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
LEFT JOIN (SELECT h.inhrelid, pg_catalog.array_agg(pn.nspname || '.' || pc.relname ORDER BY h.inhseqno)
             AS parents, (pg_catalog.array_agg(ARRAY[pn.nspname, pc.relname]))[1:1] AS parent
           FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_class pc ON pc.oid = h.inhparent
           JOIN pg_catalog.pg_namespace pn ON pn.oid = pc.relnamespace
           WHERE pc.relkind IN ('r', 'p', 'f') GROUP BY h.inhrelid) i ON i.inhrelid = c.oid
LEFT JOIN (SELECT ix.indrelid, pg_catalog.array_agg(ic.relname) AS names FROM pg_catalog.pg_index ix
           JOIN pg_catalog.pg_class ic ON ic.oid = ix.indexrelid WHERE ix.indisclustered
           GROUP BY ix.indrelid) cl ON cl.indrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'belay', 'belay_archive')
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.deptype = 'e'
                  AND e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid)
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"

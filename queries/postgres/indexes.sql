-- Indexes of tables and materialized views. A key is its column's name, or an expression in
-- brackets; then collation, operator class, DESC and NULLS where they are not the default.
SELECT x.indrelid AS "table", c.oid AS "oid", c.relname AS "name",
       x.indisunique AS "unique", x.indisprimary AS "primary", am.amname AS "method",
       (SELECT pg_catalog.array_agg(
          CASE WHEN u.n = 0 THEN pg_catalog.regexp_replace(pg_catalog.pg_get_indexdef(c.oid, u.i::int, false),
                 '^([^(].*)$', '(\1)')
               ELSE pg_catalog.quote_ident(a.attname) END
          || CASE WHEN x.indcollation[u.i - 1] <> 0 AND CASE WHEN u.n <> 0 THEN
                  x.indcollation[u.i - 1] <> a.attcollation
                  ELSE x.indcollation[u.i - 1] <> 100 AND pg_catalog.strpos(pg_catalog.pg_get_indexdef(c.oid),
                    pg_catalog.pg_get_indexdef(c.oid, u.i::int, false) || ' COLLATE ') > 0 END
             THEN (SELECT ' COLLATE ' || CASE WHEN cn.nspname = 'pg_catalog' THEN '' ELSE
                          pg_catalog.quote_ident(cn.nspname) || '.' END || pg_catalog.quote_ident(co.collname)
                   FROM pg_catalog.pg_collation co
                   JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
                   WHERE co.oid = x.indcollation[u.i - 1]) ELSE '' END
          || CASE WHEN NOT oc.opcdefault OR ia.attoptions IS NOT NULL THEN ' ' || --13+
                  CASE WHEN ocn.nspname = 'pg_catalog' THEN '' ELSE pg_catalog.quote_ident(ocn.nspname) || '.' END --13+
                  || pg_catalog.quote_ident(oc.opcname) ELSE '' END --13+
          || COALESCE((SELECT ' (' || pg_catalog.string_agg(o, ', ') || ')' --13+
                       FROM pg_catalog.unnest(ia.attoptions) o), '') --13+
--<13          || CASE WHEN NOT oc.opcdefault THEN ' ' ||
--<13                  CASE WHEN ocn.nspname = 'pg_catalog' THEN '' ELSE pg_catalog.quote_ident(ocn.nspname) || '.' END
--<13                  || pg_catalog.quote_ident(oc.opcname) ELSE '' END
          || CASE x.indoption[u.i - 1] & 3 WHEN 1 THEN ' DESC NULLS LAST' WHEN 2 THEN ' NULLS FIRST'
                  WHEN 3 THEN ' DESC' ELSE '' END
          ORDER BY u.i)
        FROM pg_catalog.unnest(x.indkey::int2[]) WITH ORDINALITY u(n, i)
        JOIN pg_catalog.pg_opclass oc ON oc.oid = x.indclass[u.i - 1]
        JOIN pg_catalog.pg_namespace ocn ON ocn.oid = oc.opcnamespace
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = u.n AND u.n <> 0
        LEFT JOIN pg_catalog.pg_attribute ia ON ia.attrelid = c.oid AND ia.attnum = u.i
        WHERE u.i <= x.indnkeyatts) AS "keys",
       CASE WHEN x.indnatts > x.indnkeyatts THEN (SELECT pg_catalog.array_agg(a.attname ORDER BY u.i)
        FROM pg_catalog.unnest(x.indkey::int2[]) WITH ORDINALITY u(n, i)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = u.n
        WHERE u.i > x.indnkeyatts) END AS "include",
       pg_catalog.pg_get_expr(x.indpred, x.indrelid) AS "where",
       x.indnullsnotdistinct AS "nulls not distinct", --15+
       NOT x.indisvalid AS "invalid", NOT x.indisready AS "not ready",
       c.reloptions AS "options", ts.spcname AS "tablespace", p.parent AS "attached to",
       c.relkind = 'I' AND NOT x.indisvalid AS "on only",
       k.conname AS "constraint",
       CASE WHEN x.indexprs IS NULL AND x.indpred IS NULL THEN
         (SELECT pg_catalog.array_agg(a.attname) FROM pg_catalog.pg_attribute a
          WHERE a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey::int2[]) AND a.attnum > 0)
       ELSE
         (SELECT pg_catalog.array_agg(a.attname) FROM pg_catalog.pg_attribute a
          WHERE a.attrelid = x.indrelid AND a.attnum > 0 AND (a.attnum = ANY (x.indkey::int2[]) OR EXISTS
            (SELECT 1 FROM pg_catalog.pg_depend w WHERE w.classid = 'pg_catalog.pg_class'::regclass
             AND w.objid = c.oid AND w.refclassid = 'pg_catalog.pg_class'::regclass
             AND w.refobjid = x.indrelid AND w.refobjsubid = a.attnum)))
       END AS "columns"
FROM pg_catalog.pg_index x
JOIN pg_catalog.pg_class c ON c.oid = x.indexrelid
JOIN pg_catalog.pg_class t ON t.oid = x.indrelid AND t.relkind IN ('r', 'p', 'm') AND t.relpersistence <> 't'
JOIN pg_catalog.pg_am am ON am.oid = c.relam
LEFT JOIN pg_catalog.pg_tablespace ts ON ts.oid = c.reltablespace
LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')
LEFT JOIN (SELECT h.inhrelid, ARRAY[pn.nspname, pc.relname] AS parent FROM pg_catalog.pg_inherits h
           JOIN pg_catalog.pg_class pc ON pc.oid = h.inhparent AND pc.relkind = 'I'
           JOIN pg_catalog.pg_namespace pn ON pn.oid = pc.relnamespace) p ON p.inhrelid = c.oid
WHERE x.indrelid >= 16384
ORDER BY x.indrelid, c.oid

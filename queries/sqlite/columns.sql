-- Columns of tables (not virtual ones) as SQLite understands them: same order as objects.sql.
SELECT s.name, x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden
FROM main.sqlite_schema AS s, pragma_table_xinfo(s.name, 'main') AS x
WHERE s.type = 'table' AND s.rootpage > 0
  AND s.name NOT LIKE 'sqlite\_%' ESCAPE '\'
  AND s.tbl_name NOT IN ('belay_run', 'belay_step', 'belay_applied')
  AND s.tbl_name NOT LIKE 'belay\_archive%' ESCAPE '\'
ORDER BY s.rowid, x.cid

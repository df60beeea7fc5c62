-- Everything with a CREATE statement, in the order it was made. belay's own journal is left out.
SELECT s.type, s.name, s.tbl_name, s.sql
FROM main.sqlite_schema AS s
WHERE s.name NOT LIKE 'sqlite\_%' ESCAPE '\'
  AND s.tbl_name NOT IN ('belay_run', 'belay_step', 'belay_applied')
  AND s.tbl_name NOT LIKE 'belay\_archive%' ESCAPE '\'
ORDER BY s.rowid

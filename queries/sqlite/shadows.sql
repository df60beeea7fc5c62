-- The tables in which virtual tables keep their data: they come and go with them.
SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'

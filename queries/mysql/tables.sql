-- Tables, views and sequences of one database.
SELECT table_name, table_type, engine, table_collation, create_options, table_comment
FROM information_schema.tables
WHERE table_schema = ?
ORDER BY table_name

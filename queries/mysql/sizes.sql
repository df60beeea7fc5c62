-- Tables of one database with what the statistics say of them: rows (about), bytes, bytes of their
-- indexes.
SELECT table_name, table_rows, data_length, index_length
FROM information_schema.tables
WHERE table_schema = database() AND table_type = 'BASE TABLE'
ORDER BY table_name

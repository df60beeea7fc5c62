-- Index parts. "ignored" since MariaDB 10.6.
SELECT table_name, index_name, non_unique, column_name, collation, sub_part, index_type,
       index_comment, ignored, NULL
FROM information_schema.statistics
WHERE table_schema = ?
ORDER BY table_name, index_name, seq_in_index

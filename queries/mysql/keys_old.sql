-- Index parts, on servers without invisible or ignored indexes.
SELECT table_name, index_name, non_unique, column_name, collation, sub_part, index_type,
       index_comment, 'NO', NULL
FROM information_schema.statistics
WHERE table_schema = ?
ORDER BY table_name, index_name, seq_in_index

-- Index parts. Functional key parts have an expression instead of a column (MySQL 8.0.13).
SELECT table_name, index_name, non_unique, column_name, collation, sub_part, index_type,
       index_comment, IF(is_visible = 'YES', 'NO', 'YES'), expression
FROM information_schema.statistics
WHERE table_schema = ?
ORDER BY table_name, index_name, seq_in_index

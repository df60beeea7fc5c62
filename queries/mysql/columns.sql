-- Columns in order. generation_expression is empty for ordinary ones.
SELECT table_name, column_name, column_default, is_nullable, column_type, character_set_name,
       collation_name, extra, column_comment, generation_expression, data_type
FROM information_schema.columns
WHERE table_schema = ?
ORDER BY table_name, ordinal_position

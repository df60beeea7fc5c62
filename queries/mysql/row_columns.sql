-- The columns whose values make a row, by name.
SELECT column_name, data_type
FROM information_schema.columns
WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ?
ORDER BY column_name

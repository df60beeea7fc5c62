-- Checks; "level" says whether a column or the table has it.
SELECT table_name, constraint_name, check_clause, 'YES'
FROM information_schema.check_constraints
WHERE constraint_schema = ?
ORDER BY table_name, constraint_name

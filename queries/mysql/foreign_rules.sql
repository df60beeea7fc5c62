-- What foreign keys do on update and delete.
SELECT table_name, constraint_name, update_rule, delete_rule
FROM information_schema.referential_constraints
WHERE constraint_schema = ?
ORDER BY table_name, constraint_name

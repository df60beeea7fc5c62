-- Procedures and functions, with their bodies as written.
SELECT routine_name, routine_type, dtd_identifier, routine_definition, is_deterministic,
       sql_data_access, security_type, routine_comment
FROM information_schema.routines
WHERE routine_schema = ? AND routine_type IN ('PROCEDURE', 'FUNCTION')
ORDER BY routine_name, routine_type
